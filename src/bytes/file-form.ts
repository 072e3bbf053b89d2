/** The format of a file, as its first bytes tell. */
export interface FileForm {
  /** For people, with its article: `an xz file`. */
  readonly what: string;
  /** `own`: decompressed here; a program that decompresses it to standard output; undefined: not read at all. */
  readonly reader: "own" | ReaderProgram | undefined;
  /** The hint for a format that is not read. */
  readonly advice?: string;
}

/** A program that reads compressed bytes from standard input. */
export interface ReaderProgram {
  readonly program: string;
  readonly args: readonly string[];
  /** Where it comes from. */
  readonly from: string;
}

/** How many first bytes are needed to recognize every format. */
export const formHead: number = 16;

/** The format of a file that begins with `head`; undefined: none of these, possibly a tar archive. */
export function formOf(head: Uint8Array): FileForm | undefined {
  const hex = Buffer.from(head.subarray(0, formHead)).toString("hex");
  if (hex === "") return empty;
  return forms.find(([pattern]) => pattern.test(hex))?.[1];
}

/** Enough for every preset of xz, of which the largest needs 65 MiB. */
const xzMemory = "--memlimit-decompress=128MiB";

const xz: ReaderProgram = { program: "xz", args: ["-dc", xzMemory], from: "xz, which Debian has in xz-utils" };

const bzip2: ReaderProgram = { program: "bzip2", args: ["-dc"], from: "bzip2, which Debian has in bzip2" };

const empty: FileForm = { what: "an empty file", reader: undefined, advice: "get it again" };

const page = "what served it may have refused it: look into the file, and get it again";

/** By the first bytes, in hexadecimal. */
const forms: readonly (readonly [RegExp, FileForm])[] = [
  [/^1f8b/, { what: "a gzip file", reader: "own" }],
  [/^(?:28b52ffd|5[0-9a-f]2a4d18)/, { what: "a zstd file", reader: "own" }],
  [/^fd377a585a00/, { what: "an xz file", reader: xz }],
  [/^425a68(?:3[1-9])(?:314159265359|177245385090)/, { what: "a bzip2 file", reader: bzip2 }],
  [/^5d0000[0-9a-f]{4}(?:f{16}|[0-9a-f]{10}0{6})/, { what: "an lzma file", reader: xz }],
  [/^1f9d/, { what: "a file of compress", reader: undefined, advice: "decompress it first: gzip -dc" }],
  [/^1fa0/, { what: "an lzh file", reader: undefined, advice: "decompress it first" }],
  [/^4c5a4950/, { what: "an lzip file", reader: undefined, advice: "decompress it first: lzip -dc" }],
  [/^(?:04224d18|02214c18)/, { what: "an lz4 file", reader: undefined, advice: "decompress it first: lz4 -dc" }],
  [/^894c5a4f000d0a/, { what: "an lzop file", reader: undefined, advice: "decompress it first: lzop -dc" }],
  [
    /^(?:504b0304|504b0506)/,
    { what: "a zip file", reader: undefined, advice: "unpack it, and name the tar archive in it" },
  ],
  [/^377abcaf271c/, { what: "a 7z file", reader: undefined, advice: "unpack it, and name the tar archive in it" }],
  [/^526172211a07/, { what: "a rar file", reader: undefined, advice: "unpack it, and name the tar archive in it" }],
  [
    /^213c617263683e0a/,
    { what: "an ar file, such as a Debian package", reader: undefined, advice: "give an archive of images" },
  ],
  [
    /^(?:68737173|514649fb|7f454c46)/,
    { what: "a disk image or a program", reader: undefined, advice: "give an archive of images" },
  ],
  [
    /^(?:efbbbf)?(?:20|09|0d|0a)*3c(?:21[46]|68|48|3f)/,
    { what: "an HTML or XML page", reader: undefined, advice: page },
  ],
  [
    /^(?:efbbbf)?(?:20|09|0d|0a)*7b(?:20|09|0d|0a)*(?:22|7d)/,
    { what: "a JSON document", reader: undefined, advice: page },
  ],
  [
    /^76657273696f6e2068747470/,
    { what: "a pointer of Git LFS", reader: undefined, advice: "get the file itself: git lfs pull" },
  ],
];
