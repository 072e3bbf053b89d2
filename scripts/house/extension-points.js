// In how many files a scheme, a transport or a format is known by name, beside its own folder.
import ts from "typescript";
import { visit } from "./source-files.js";

/**
 * What can be added, and names of those that are there. Names that are everyday words too (oci, dir, docker, provider, external)
 * are left out, as they would be counted wrongly. `own`: folders and files that are its own beside those named as it.
 */
export const extensionPoints = [
  { kind: "key scheme", name: "jwe", own: [] },
  { kind: "key scheme", name: "pgp", own: [] },
  { kind: "key scheme", name: "pkcs7", own: [] },
  { kind: "key scheme", name: "pkcs11", own: [] },
  { kind: "cipher", name: "aes-ctr-hmac", own: [] },
  { kind: "transport", name: "docker-archive", own: [] },
  { kind: "transport", name: "oci-archive", own: ["archive"] },
  { kind: "signature format", name: "gpg", own: [] },
  { kind: "signature format", name: "notary", own: [] },
  { kind: "signature format", name: "sigstore", own: [] },
  { kind: "signature format", name: "simple-signing", own: [] },
];

/**
 * The files in whose code a name occurs as a word, outside its own: in an identifier (`dockerArchive`), a string or a path of an
 * import; comments do not count. Its own are the files with the name, alone or before a hyphen, as a part of their path.
 */
export function filesKnowing(files, { name, own }) {
  const words = wordsOf(name);
  const isOwn = (part) => [name, ...own].some((one) => part === one || part.startsWith(`${one}-`));
  return files
    .filter(({ path }) => !path.replace(/\.ts$/, "").split("/").some(isOwn))
    .filter(({ tree }) => textsOf(tree).some((text) => hasWords(wordsOf(text), words)))
    .map(({ path }) => path);
}

function textsOf(tree) {
  const found = [];
  visit(tree, (node) => {
    if (ts.isIdentifier(node) || ts.isLiteralExpression(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      found.push(node.text);
    } else if (ts.isTemplateHead(node)) found.push(node.text);
  });
  return found;
}

/** `readPkcs7Key`, `PKCS7_KEY` and `pkcs7-key` all have the words pkcs7 and key. */
function wordsOf(text) {
  const words = text.match(/[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+/g) ?? [];
  return words.map((word) => word.toLowerCase());
}

function hasWords(text, wanted) {
  return text.some((_, start) => wanted.every((word, index) => text[start + index] === word));
}
