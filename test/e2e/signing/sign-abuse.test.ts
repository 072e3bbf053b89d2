import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { exits } from "../../support/process/exits.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../../support/registry/docker-registry.js";
import { passOn } from "../../support/registry/pass-on.js";
import { startServer, type TestServer } from "../../support/registry/scripted-server.js";
import { scratchDirectory } from "../../support/scratch.js";
import { cosignPassword, sigstoreKey } from "../../support/signing/cosign.js";
import { signedPlace } from "../../support/signing/signed-place.js";
import { signedVectors } from "../../support/signing/signed-vectors.js";
import { signingCalls } from "../../support/signing/signing-calls.js";

const scratch = scratchDirectory();
const alice = ["--trust", `gpg:${join(signedVectors, "keys", "gpg-alice.pub.asc")}`];
const trust = ["--trust", `sigstore:${sigstoreKey("sigstore-k1", "pub")}`];
const { call, sign, verify } = signingCalls({
  ...cosignPassword,
  HOME: scratch,
  XDG_CONFIG_HOME: join(scratch, "config"),
});
let registry: DockerRegistry;

before(async () => {
  if (noDockerRegistry === false) registry = await startDockerRegistry("open");
});
after(() => registry?.[Symbol.asyncDispose]());

for (const [id, command] of [
  ["plain-signed", ["copy"]],
  ["encrypted-signed", ["decrypt", "-k", join(signedVectors, "keys", "enc.pem")]],
] as const) {
  test(`abuse: a valid signature does not let a swapped layer blob in: ${id}`, async () => {
    const directory = mkdtempSync(join(scratch, "swapped-"));
    cpSync(join(signedVectors, "classes", id), directory, { recursive: true });
    const manifest: { layers: readonly { digest: string; size: number }[] } = JSON.parse(
      readFileSync(join(directory, "manifest.json"), "utf8"),
    );
    const { digest = "", size = 0 } = manifest.layers.at(-1) ?? {};
    writeFileSync(join(directory, digest.slice("sha256:".length)), Buffer.alloc(size, "evil"));
    // Who signed what is as good as before: only the layer is another.
    await exits(0, verify(`dir:${directory}`, ...alice));
    const to = join(mkdtempSync(join(scratch, "to-")), "out");
    const { stderr } = await exits(
      6,
      call(...command, ...alice, "--retry-times", "0", `dir:${directory}`, `dir:${to}`),
    );
    assert.ok(stderr.includes(digest), stderr);
    assert.equal(existsSync(to), false, "something is left behind");
  });
}

describe("a tag that moves", { skip: noDockerRegistry }, () => {
  test("abuse: what was verified is what is pulled, though the tag has been moved since", async () => {
    const place = signedPlace(registry.host, "moving/app");
    const good = await place.put("one", "good");
    await place.put("two", "evil");
    await sign(
      place.at(good.digest),
      "--by",
      `sigstore:${sigstoreKey("sigstore-k1", "key")}`,
      "--identity",
      place.tagged,
    );
    await using mover = await startMover(registry.host, ["good", "evil"]);
    const target = mkdtempSync(join(scratch, "pulled-"));
    const from = `docker://${mover.host}/moving/app:v1`;
    const { stdout } = await exits(0, call("copy", ...trust, from, `oci:${target}/layout:v1`));
    assert.equal(stdout.trim(), good.digest);
    assert.equal(askedByTag(mover), 1, "the tag is asked for once");
    // It has moved: who comes now gets the other one, which nobody has signed.
    await exits(8, call("copy", ...trust, from, `oci:${target}/other:v1`));
    assert.equal(existsSync(join(target, "other")), false);
  });

  test("abuse: a tag that is moved while it is verified does not lend a signature to another image", async () => {
    const place = signedPlace(registry.host, "lending/app");
    const good = await place.put("one", "good");
    await place.put("two", "evil");
    await sign(
      place.at(good.digest),
      "--by",
      `sigstore:${sigstoreKey("sigstore-k1", "key")}`,
      "--identity",
      place.tagged,
    );
    await using mover = await startMover(registry.host, ["evil", "good"]);
    await exits(8, verify(`${mover.host}/lending/app:v1`, ...trust));
  });
});

/** A registry whose tag `v1` is another image from the second time on that somebody asks for it. */
async function startMover(host: string, [first, then]: readonly [string, string]): Promise<TestServer> {
  let asked = 0;
  return await startServer(async (exchange) => {
    if (!exchange.record.path.endsWith("/manifests/v1")) return await passOn(exchange, host);
    asked += 1;
    const path = exchange.record.path.replace(/v1$/, asked === 1 ? first : then);
    await passOn({ ...exchange, record: { ...exchange.record, path } }, host);
  });
}

function askedByTag({ log }: TestServer): number {
  return log.filter(({ path }) => path.endsWith("/manifests/v1")).length;
}
