// Draws docs/first-encryption.svg from a real run of the commands below, in a scratch directory: `make picture`. Digests and
// key ids are those of that run. A test sees to it that the commands in it are these.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const commands = [
  "oci-enc key generate --out mykey",
  "oci-enc encrypt -r jwe:mykey.pub.pem oci:images:app oci:encrypted:app",
  "oci-enc layerinfo oci:encrypted:app",
];
const columns = 100;
const [character, line, margin] = [7.8, 19, 16];

const lines = runAll().map((text) => (text.length > columns ? `${text.slice(0, columns - 1)}…` : text));
writeFileSync(join(root, "docs", "first-encryption.svg"), picture(lines));

/** Each command after a prompt, and what it prints. */
function runAll() {
  const work = mkdtempSync(join(tmpdir(), "oci-enc-picture-"));
  try {
    const bin = join(work, "oci-enc");
    symlinkSync(join(root, "bin", "oci-enc.js"), bin);
    const env = { ...process.env, PATH: `${work}:${process.env.PATH}`, COLUMNS: String(columns), NO_COLOR: "1" };
    execFileSync(process.execPath, [join(root, "examples", "demo", "make-image.js"), "oci:images:app"], { cwd: work });
    return commands.flatMap((command) => {
      const output = execFileSync("/bin/sh", ["-c", `${command} 2>&1`], { cwd: work, env, encoding: "utf8" });
      return [`$ ${command}`, ...output.trimEnd().split("\n").map(shortened)];
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Digests and key ids by their beginning, and the columns of a table no wider than that needs. */
function shortened(text) {
  return text
    .replaceAll(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/g, "$1")
    .replaceAll(/(kid=[\w-]{8})[\w-]+/g, "$1…")
    .replace(/ {20,}DIGEST/, `${" ".repeat(16)}DIGEST`);
}

function picture(texts) {
  const [width, height] = [columns * character + 2 * margin, texts.length * line + 2 * margin];
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    "<title>An image is encrypted, and layerinfo shows its layers and who can decrypt them</title>",
    `<rect width="${width}" height="${height}" rx="8" fill="#1b1f27" stroke="#6b7280"/>`,
    '<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" fill="#d7dae0" xml:space="preserve">',
    ...texts.map((text, index) => row(text, margin + (index + 0.75) * line)),
    "</g>",
    "</svg>",
  ].join("\n")}\n`;
}

/** One line, as wide in every font; a command stands out. */
function row(text, y) {
  const bold = text.startsWith("$ ") ? ' font-weight="bold" fill="#ffffff"' : "";
  const width = (text.length * character).toFixed(1);
  return `<text x="${margin}" y="${y}" textLength="${width}"${bold}>${escaped(text)}</text>`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
