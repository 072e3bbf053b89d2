import { isBase64 } from "../layer-options.js";

/** One block of a PEM file, RFC 7468; with the headers of RFC 1421 where OpenSSL still writes them. */
export interface PemBlock {
  /** What stands after BEGIN: `PRIVATE KEY`. */
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
 * accepted. Never throws; no blocks mean that this is no PEM file.
 */
export function pemBlocks(text: string): readonly PemBlock[] {
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

/** The label of a line such as `-----BEGIN PRIVATE KEY-----`; undefined for any other line. */
function boundary(line: string, word: "BEGIN" | "END"): string | undefined {
  const start = `-----${word} `;
  if (!line.startsWith(start) || !line.endsWith("-----")) return undefined;
  const label = line.slice(start.length, -5);
  return label.length <= 64 && /^[A-Z0-9][A-Z0-9 ]*$/.test(label) ? label : undefined;
}

function block(label: string, lines: readonly string[]): PemBlock {
  const blank = lines.indexOf("");
  const headers = lines[0]?.includes(":") === true && blank > 0 ? lines.slice(0, blank) : [];
  const base64 = lines.slice(headers.length).join("");
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

function damaged(label: string): PemBlock {
  return { label, body: undefined, encrypted: false, text: "" };
}
