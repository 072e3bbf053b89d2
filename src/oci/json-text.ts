import { OciEncError } from "../errors.js";

/** A JSON value that knows where in its text it stands: `text.slice(start, end)`. RFC 8259, read strictly. */
export type JsonNode =
  | { readonly kind: "object"; readonly start: number; readonly end: number; readonly members: readonly JsonMember[] }
  | { readonly kind: "array"; readonly start: number; readonly end: number; readonly items: readonly JsonNode[] }
  | { readonly kind: "string"; readonly start: number; readonly end: number; readonly value: string }
  | { readonly kind: "number"; readonly start: number; readonly end: number; readonly value: number }
  | { readonly kind: "literal"; readonly start: number; readonly end: number; readonly value: boolean | null };

/** One `"key": value` of an object; `start` is where the key's quote stands. */
export interface JsonMember {
  readonly key: string;
  readonly start: number;
  readonly value: JsonNode;
}

/** A piece of text to be put in place of another: `start === end` inserts. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Deeper nesting than any manifest or config has; parsing stops there. */
const depthLimit = 64;

/**
 * Parses UTF-8 JSON and refuses what readers understand differently: duplicate keys, a byte order mark, invalid UTF-8,
 * text after the value. CORRUPT, naming `what`.
 */
export function parseJson(bytes: Uint8Array, what: string): { readonly text: string; readonly root: JsonNode } {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new OciEncError("CORRUPT", `${what} is not valid UTF-8`, { cause });
  }
  const reader = new Reader(text, what);
  return { text, root: reader.document() };
}

/** Where in a text something stands, for messages: `line 3, column 14`. Both are counted from 1. */
export function placeInText(text: string, at: number): string {
  const before = text.slice(0, at).split("\n");
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

/** Why and where a text is not JSON, in words that quote nothing of it. Undefined: it is JSON. */
export function jsonFault(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    // The parser's own message quotes the text.
  }
  try {
    new Reader(text, "it").document();
    return "it is not JSON";
  } catch (error) {
    return error instanceof OciEncError ? error.message : "it is not JSON";
  }
}

/** The member of an object under `key`; undefined when there is none or `node` is not an object. */
export function memberOf(node: JsonNode, key: string): JsonNode | undefined {
  return node.kind === "object" ? node.members.find((member) => member.key === key)?.value : undefined;
}

/** Applies edits that do not overlap. Several insertions at one place keep their order. */
export function editText(text: string, edits: readonly TextEdit[]): string {
  const ordered = edits.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const parts: string[] = [];
  let from = 0;
  for (const edit of ordered) {
    if (edit.start < from) throw new Error("edits of a text overlap");
    parts.push(text.slice(from, edit.start), edit.text);
    from = edit.end;
  }
  return parts.join("") + text.slice(from);
}

const [quote, backslash, firstPrintable] = [0x22, 0x5c, 0x20];
const stringPattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y;
const scalarPattern = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** Space, tab, carriage return and line feed; not the end of the text, which is NaN. */
function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}

/** A recursive-descent reader over one text. */
class Reader {
  readonly #text: string;
  readonly #what: string;
  #at = 0;

  constructor(text: string, what: string) {
    this.#text = text;
    this.#what = what;
  }

  document(): JsonNode {
    this.#space();
    const root = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#wrong("text after the JSON value");
    return root;
  }

  #value(depth: number): JsonNode {
    if (depth > depthLimit) throw this.#wrong("nested too deeply");
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #object(depth: number): JsonNode {
    const start = this.#at;
    const members: JsonMember[] = [];
    const keys = new Set<string>();
    this.#sequence("}", () => {
      if (this.#text[this.#at] !== '"') throw this.#wrong("a member without a name");
      const key = this.#string();
      if (keys.has(key.value)) throw this.#wrong("a member that is there twice", key.start);
      keys.add(key.value);
      this.#space();
      if (this.#text[this.#at] !== ":") throw this.#wrong("a member without a value");
      this.#at += 1;
      this.#space();
      members.push({ key: key.value, start: key.start, value: this.#value(depth + 1) });
    });
    return { kind: "object", start, end: this.#at, members };
  }

  #array(depth: number): JsonNode {
    const start = this.#at;
    const items: JsonNode[] = [];
    this.#sequence("]", () => {
      items.push(this.#value(depth + 1));
    });
    return { kind: "array", start, end: this.#at, items };
  }

  /** What stands between a bracket and its partner, comma by comma. */
  #sequence(close: string, element: () => void): void {
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      element();
      this.#space();
      const next = this.#text[this.#at];
      if (next !== "," && next !== close) throw this.#wrong(`neither a comma nor ${close}`);
      this.#at += 1;
      if (next === close) return;
      this.#space();
    }
  }

  #string(): JsonNode & { readonly kind: "string" } {
    const start = this.#at;
    const plain = this.#plainString();
    if (plain !== undefined) return { kind: "string", start, end: this.#at, value: plain };
    stringPattern.lastIndex = start;
    const literal = stringPattern.exec(this.#text)?.[0];
    if (literal === undefined) throw this.#wrong("a malformed string");
    this.#at += literal.length;
    return { kind: "string", start, end: this.#at, value: JSON.parse(literal) };
  }

  /** A string without escapes, as nearly all are: an index of ten thousand images has a hundred thousand. */
  #plainString(): string | undefined {
    const start = this.#at + 1;
    if (this.#text.charCodeAt(this.#at) !== quote) return undefined;
    for (let at = start; at < this.#text.length; at += 1) {
      const unit = this.#text.charCodeAt(at);
      if (unit === backslash || unit < firstPrintable) return undefined;
      if (unit !== quote) continue;
      this.#at = at + 1;
      return this.#text.slice(start, at);
    }
    return undefined;
  }

  #scalar(): JsonNode {
    const start = this.#at;
    scalarPattern.lastIndex = start;
    const literal = scalarPattern.exec(this.#text)?.[0];
    if (literal === undefined) throw this.#wrong("not a JSON value");
    this.#at += literal.length;
    const value: unknown = JSON.parse(literal);
    return typeof value === "number"
      ? { kind: "number", start, end: this.#at, value }
      : { kind: "literal", start, end: this.#at, value: value === null ? null : value === true };
  }

  #space(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }

  /** Quotes nothing: the text may be a key that was taken for something else, and its members' names, too. */
  #wrong(why: string, at = this.#at): OciEncError {
    return new OciEncError("CORRUPT", `${this.#what} is not sound JSON: ${why} (${placeInText(this.#text, at)})`);
  }
}
