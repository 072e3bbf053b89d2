import { isBase64 } from "../bytes/base64.js";

/** One block of a PEM file, RFC 7468; with the headers of RFC 1421 where OpenSSL still writes them, or RFC 9580's armor. */
export interface PemBlock {
  /** What follows BEGIN: `PRIVATE KEY`. */
  readonly label: string;
  /** What the body says. Undefined when the block has no end or its body is not base64. */
  readonly body: Uint8Array | undefined;
  /** Whether the body is encrypted as OpenSSL did before PKCS#8: `Proc-Type: 4,ENCRYPTED`. */
  readonly encrypted: boolean;
  /** The block alone, in the narrow form that OpenSSL's own reader accepts. */
  readonly text: string;
}

/**
 * Every block of a PEM file, in the order of the file. Text around the blocks, indentation and any kind of line end are
 * accepted. Where no block is whole, what e-mail, web pages and variables do to line ends and beginnings is mended. Never
 * throws; no blocks: it is not a PEM file.
 */
export function pemBlocks(text: string): readonly PemBlock[] {
  const found = scan(text);
  if (found.some(isWhole) || !text.includes("-----BEGIN ")) return found;
  const mended = scan(mend(text));
  return found.length === 0 || mended.some(isWhole) ? mended : found;
}

/** A signature below a text says nothing of what the text holds. */
function isWhole({ label, body }: PemBlock): boolean {
  return body !== undefined && label !== "PGP SIGNATURE";
}

function scan(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: { readonly label: string; readonly lines: string[] } | undefined;
  for (const line of text.split(/\r\n?|\n/).map((raw) => raw.trim())) {
    const begins = boundary(line, "BEGIN");
    if (begins !== undefined) {
      if (open !== undefined) blocks.push(damaged(open.label));
      open = { label: begins, lines: [] };
    } else if (open !== undefined && boundary(line, "END") === open.label) {
      blocks.push(block(open.label, open.lines));
      open = undefined;
    } else {
      open?.lines.push(line);
    }
  }
  if (open !== undefined) blocks.push(damaged(open.label));
  return blocks;
}

/**
 * Line ends written as `\n` or `<br>`, quoted with `>`, escaped with `- ` as in a signed text, characters as HTML writes
 * them, and boundaries that stand in the middle of a line. None of that is base64.
 */
function mend(text: string): string {
  return text
    .replace(/(?:\\{1,4}r)?\\{1,4}n|\\{1,4}r|<br\s?\/?>/gi, "\n")
    .replace(/\\$/gm, "")
    .replace(/^[ \t]*(?:[>|][ \t]?)+/gm, "")
    .replace(/&#(?:x(2b|2f|3d)|(43|47|61));/gi, (_entity, hex: string | undefined, decimal: string | undefined) =>
      String.fromCharCode(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)),
    )
    .replace(/(?:- )?(-----(?:BEGIN|END) [A-Z0-9][A-Z0-9 ]{0,63}-----)/g, "\n$1\n");
}

/** The label of a line such as `-----BEGIN PRIVATE KEY-----`; undefined for any other line. */
function boundary(line: string, word: "BEGIN" | "END"): string | undefined {
  const start = `-----${word} `;
  if (!line.startsWith(start) || !line.endsWith("-----")) return undefined;
  const label = line.slice(start.length, -5);
  return label.length <= 64 && /^[A-Z0-9][A-Z0-9 ]*$/.test(label) ? label : undefined;
}

function block(label: string, lines: readonly string[]): PemBlock {
  const { headers, base64 } = label.startsWith("PGP ") ? armored(lines) : headed(lines);
  if (base64 === "" || !isBase64(base64)) return damaged(label);
  return {
    label,
    body: Buffer.from(base64, "base64"),
    encrypted: headers.some((header) => /^Proc-Type:\s*4\s*,\s*ENCRYPTED$/i.test(header)),
    text: [
      `-----BEGIN ${label}-----`,
      ...headers,
      ...(headers.length > 0 ? [""] : []),
      ...(base64.match(/.{1,64}/g) ?? []),
      `-----END ${label}-----`,
      "",
    ].join("\n"),
  };
}

interface BlockContent {
  readonly headers: readonly string[];
  readonly base64: string;
}

/** The two headers that old encryption needs, when their lines have been lost. */
const lostHeaders = /^(Proc-Type:\s?4\s?,\s?ENCRYPTED)\s+(DEK-Info:\s?[A-Za-z0-9-]+,[0-9A-Fa-f]+)\s+/i;

function headed(lines: readonly string[]): BlockContent {
  const from = Math.max(
    lines.findIndex((line) => line !== ""),
    0,
  );
  const content = lines.slice(from);
  const blank = content.indexOf("");
  if (content[0]?.includes(":") === true && blank > 0) {
    return { headers: content.slice(0, blank), base64: withoutSpaces(content.slice(blank)) };
  }
  const [all = "", ...headers] = lostHeaders.exec(content.join(" ")) ?? [];
  return { headers, base64: withoutSpaces([content.join(" ").slice(all.length)]) };
}

/** RFC 9580 section 6.2. Its headers mean nothing here; the checksum is optional, and a damaged key does not parse. */
function armored(lines: readonly string[]): BlockContent {
  const content = lines.filter((line) => !line.includes(":") && !line.startsWith("="));
  return { headers: [], base64: withoutSpaces(content).replace(/=[A-Za-z0-9+/]{4}$/, "") };
}

function withoutSpaces(lines: readonly string[]): string {
  return lines.join("").replace(/\s+/g, "");
}

function damaged(label: string): PemBlock {
  return { label, body: undefined, encrypted: false, text: "" };
}
