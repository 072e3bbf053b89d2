// What people of other tools type, and what those answer: ctr-enc, nerdctl, skopeo.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeGpgHome } from "../../support/keys/key-material.js";
import { exits } from "../../support/process/exits.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { systemPeer } from "../../support/process/peer.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const vectors = join(process.cwd(), "test", "vectors");
const image = (id: string) => `oci:${join(vectors, id, "image")}:enc`;
const multi = image("multi-jwe-pgp-pkcs7");
const keysOf = (id: string, name: string) => join(vectors, id, "keys", name);
const noKeyring = { HOME: scratch, GNUPGHOME: undefined };

test("without a key, what reads an image and can-decrypt end with 7 and say how a key of its schemes is given", async () => {
  for (const words of [["can-decrypt"], ["cat"], ["ls"]]) {
    const path = words[0] === "can-decrypt" ? [] : ["/"];
    const { stderr } = await exits(7, ociEnc([...words, image("pgp-rsa"), ...path]));
    assert.match(stderr, /pgp \(-k pgp: for the keys that gpg holds, or -k FILE\)/);
  }
  const [key, opened] = [keysOf("multi-jwe-pgp-pkcs7", "jwe.pem"), `oci:${join(scratch, "opened")}:x`];
  await exits(0, ociEnc(["decrypt", "-q", "-k", key, multi, opened]));
  await exits(0, ociEnc(["can-decrypt", opened]));
  const { stderr } = await exits(2, ociEnc(["decrypt", image("pgp-rsa"), `oci:${scratch}/none:x`]));
  assert.match(stderr, /hint: give one: .*-k pgp:/);
});

test("--dec-recipient of a scheme that needs none is not used, and that is said; an unknown scheme is USAGE", async () => {
  const key = keysOf("multi-jwe-pgp-pkcs7", "jwe.pem");
  for (const spec of ["jwe:public.pem", "pgp:somebody@example.test", "provider:name"]) {
    const { stderr } = await exits(0, ociEnc(["can-decrypt", "-k", key, "--dec-recipient", spec, multi]));
    assert.match(stderr, /warning.*--dec-recipient (jwe|pgp|provider):… is not used/);
  }
  await exits(2, ociEnc(["can-decrypt", "-k", key, "--dec-recipient", "x509:a.pem", multi]));
});

test("--gpg-version takes 1 and 2 as v1 and v2, and nothing else", async () => {
  const key = keysOf("multi-jwe-pgp-pkcs7", "jwe.pem");
  for (const version of ["1", "2", "v1", "v2"]) {
    await exits(0, ociEnc(["can-decrypt", "-k", key, "--gpg-version", version, multi]));
  }
  await exits(2, ociEnc(["can-decrypt", "-k", key, "--gpg-version", "3", multi]));
});

test("--all-platforms and --all mean every platform, and exclude --platform", async () => {
  const two = image("index-two-platforms");
  const key = keysOf("index-two-platforms", "recipient.pem");
  for (const [index, flag] of ["--all-platforms", "--all", "-a"].entries()) {
    const opened = join(scratch, `all-${index}`);
    await exits(0, ociEnc(["decrypt", "-q", "-k", key, flag, two, `oci:${opened}:x`]));
    const { stdout } = await exits(0, ociEnc(["layerinfo", "--json", `oci:${opened}:x`]));
    const { layers } = JSON.parse(stdout) as { layers: { platform: string }[] };
    assert.equal(new Set(layers.map(({ platform }) => platform)).size, 2);
  }
  const words = ["encrypt", "--all-platforms", "--platform", "linux/amd64", "-r", "jwe:x", two, "oci:x:x"];
  const { stderr } = await exits(2, ociEnc(words));
  assert.match(stderr, /--all and --platform exclude each other/);
});

test("layerinfo --layer shows the layers that it names, and none is an error", async () => {
  const { stdout } = await exits(0, ociEnc(["layerinfo", "--layer=-1", multi]));
  const all = await exits(0, ociEnc(["layerinfo", multi]));
  assert.equal(stdout.trim().split("\n").length, 2);
  assert.equal(stdout.trim().split("\n")[1], all.stdout.trim().split("\n").at(-1));
  await exits(2, ociEnc(["layerinfo", "--layer", "77", multi]));
});

test("layerinfo --compat: schemes sorted, key ids as numbers, provider.NAME without a recipient", async () => {
  const compat = async (...words: string[]) =>
    (await exits(0, ociEnc(["layerinfo", "--compat", ...words], { env: noKeyring }))).stdout.split("\n");
  const [heading, first] = await compat(multi);
  assert.match(heading ?? "", /^ {3}#( {3,}(DIGEST|PLATFORM|SIZE|ENCRYPTION|RECIPIENTS)){5}$/);
  assert.match(first ?? "", / {3}jwe,pgp,pkcs7 {3} *0x[1-9a-f][0-9a-f]*(, 0x[1-9a-f][0-9a-f]*)*, \[jwe\], \[pkcs7\]$/);
  assert.equal(first?.length, heading?.length);
  const [, provider] = await compat(image("keyprovider-cmd"));
  assert.match(provider ?? "", / {3}provider\.\w+ {3} +$/);
  assert.ok(!existsSync(join(scratch, ".gnupg")), "gpg was asked to make a keyring");
});

test("layerinfo --compat names OpenPGP keys by the addresses of gpg's keyring, and not with -n", {
  skip: systemPeer("gpg").missing,
}, async () => {
  const home = makeGpgHome(scratch, []);
  try {
    home.gpg(["--import", keysOf("pgp-rsa", "vera.pub.gpg")]);
    const words = ["layerinfo", "--compat", "--gpg-homedir", home.directory, image("pgp-rsa")];
    assert.match((await exits(0, ociEnc(words))).stdout, / vera@example\.test$/m);
    assert.match((await exits(0, ociEnc([...words, "-n"]))).stdout, / 0x[0-9a-f]+$/m);
    const gone = join(scratch, "no-such-home");
    const { stderr } = await exits(12, ociEnc(["layerinfo", "--compat", "--gpg-homedir", gone, image("pgp-rsa")]));
    assert.match(stderr, /no-such-home/);
  } finally {
    home.end();
  }
});
