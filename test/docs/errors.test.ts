import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { codePage, type ExplainedCode, explainedCodes } from "../../src/cli/explanations/page.js";
import { twoPlatforms, writeLayout } from "../support/images/sample-layout.js";
import { ociEnc, ociEncProgram } from "../support/process/oci-enc.js";
import { type Peer, type PeerResult, run } from "../support/process/peer.js";
import { startServer, type TestServer } from "../support/registry/scripted-server.js";
import { scratchDirectory } from "../support/scratch.js";

const scratch = scratchDirectory();
const [node, shell]: readonly [Peer, Peer] = [
  { program: process.execPath, missing: false },
  { program: "sh", missing: false },
];
const page = readFileSync("docs/errors.md", "utf8");
let registry: TestServer;

before(async () => {
  registry = await startServer(({ response }) => {
    response.writeHead(401, { "www-authenticate": 'Basic realm="registry"' }).end();
  });
  mkdirSync(join(scratch, "bin"));
  symlinkSync(ociEncProgram, join(scratch, "bin", "oci-enc"));
  await writeLayout(join(scratch, "images"), twoPlatforms);
  const [, preparation = "exit 99"] = /```sh\n([\s\S]*?)```/.exec(page) ?? [];
  const { status, stderr } = await typed(`set -e\n${preparation}`);
  assert.equal(status, 0, stderr);
});
after(() => registry?.[Symbol.asyncDispose]());

test("docs/errors.md is what oci-enc help says", async () => {
  const { status, stderr } = await run(node, [join("scripts", "error-pages.js"), "--check"]);
  assert.equal(status, 0, stderr);
});

test("help CODE prints the page of a code", async () => {
  for (const word of ["KEY_MISMATCH", "not_revoked"]) {
    const { status, stdout, stderr } = await ociEnc(["help", word]);
    assert.deepEqual([status, stdout, stderr], [0, `${codePage(word)}\n`, ""]);
  }
  assert.equal((await ociEnc(["help", "NO_SUCH_CODE"])).status, 2);
});

for (const explained of explainedCodes) {
  const { code, example } = explained;
  if (example === undefined) continue;
  test(`${code}: its example ends or warns so`, async () => {
    const { status, stdout, stderr } = await typed(example.line.replace("registry.example", registry.host));
    if (explained.status === undefined) assert.equal(status, 0, stderr);
    else assert.equal(String(status), exitStatusOf(explained));
    assert.ok(codesIn(explained.status === undefined ? stdout : stderr).includes(code), `${stdout}${stderr}`);
  });
}

test("a warning has an example, or says what it would take", () => {
  const without = explainedCodes.filter(({ status, example, takes }) => {
    return status === undefined && (example === undefined) === (takes === undefined);
  });
  assert.deepEqual(without, []);
});

test("help of an exit status prints the pages of its codes", async () => {
  for (const [status, code] of [
    ["8", "UNTRUSTED"],
    ["130", "ABORTED"],
  ] as const) {
    const { stdout } = await ociEnc(["help", status]);
    assert.equal(stdout, `${codePage(code)}\n`);
  }
  assert.equal((await ociEnc(["help", "77"])).status, 2);
});

/** Of SIGINT, where a signal gives it. */
function exitStatusOf({ status }: ExplainedCode): string | undefined {
  return status === "128 + n" ? "130" : status;
}

/** The codes of an error, or of the warnings, of what a command prints with `--json`. */
function codesIn(text: string): readonly string[] {
  const { code, warnings = [] }: { code?: string; warnings?: readonly { code: string }[] } = JSON.parse(text);
  return code === undefined ? warnings.map((warning) => warning.code) : [code];
}

/** What a person types, in the directory of the examples. */
function typed(script: string): Promise<PeerResult> {
  return run(shell, ["-c", `cd ${JSON.stringify(scratch)} || exit\n${script}`], {
    PATH: `${join(scratch, "bin")}:${process.env["PATH"]}`,
    HOME: scratch,
    OCI_ENC_JSON: "1",
  });
}
