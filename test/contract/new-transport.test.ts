import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { copyImage, decryptLayers, encryptLayers, inspectImage, verifyImage } from "../../src/doors/index.js";
import { parseReference, policyGate } from "../../src/doors/transport.js";
import { listTransports } from "../../src/transport/references.js";
import { transportRows } from "../../src/transport/rows.js";
import { expectedError } from "../support/expected-error.js";
import { addImage } from "../support/images/memory-image.js";
import { type MemoryTransport, memoryTransport } from "../support/images/memory-transport.js";
import { person } from "../support/keys/people.js";
import { scratchOf } from "../support/scratch.js";

// A transport that the product does not have: its row is all that anything here is told of it.

interface Toy extends MemoryTransport {
  readonly ends: { readonly transports: typeof transportRows };
  readonly digest: string;
}

/** With an image under `memory:shelf/app`. */
function toy(): Toy {
  const made = memoryTransport();
  const tar = "application/vnd.oci.image.layer.v1.tar";
  const root = addImage(made.place, { layers: [{ mediaType: tar, bytes: randomBytes(10_000) }] });
  made.place.names.set("shelf/app", root);
  return { ...made, ends: { transports: [...transportRows, made.row] }, digest: root.digest };
}

test("a new transport: an image is copied from it and to it", async (t) => {
  const { ends, digest } = toy();
  const layout = `oci:${join(scratchOf(t), "layout")}:app`;
  const there = await copyImage("memory:shelf/app", layout, { source: ends, target: ends });
  const back = await copyImage(layout, "memory:shelf/back", { source: ends, target: ends });
  assert.deepEqual([there.digest, back.digest, back.reference], [digest, digest, "memory:shelf/back"]);
});

test("a new transport: an image on it is encrypted and decrypted in place, inspected and verified", async () => {
  const { ends, digest } = toy();
  const alice = person("alice");
  const both = { source: ends, target: ends };
  const image = "memory:shelf/app";
  const transform = await encryptLayers({ keys: [alice.encryption] });
  const encrypted = await copyImage(image, image, { ...both, transform });
  assert.notEqual(encrypted.digest, digest);
  const { reference, manifests } = await inspectImage(image, { source: ends });
  assert.equal(reference, image);
  assert.deepEqual(
    manifests.flatMap(({ layers }) => layers.map((layer) => layer.encrypted)),
    [true],
  );
  assert.notEqual((await verifyImage(image, { source: ends, keys: [alice.decryption] })).verdict, "failed");
  const opened = await decryptLayers({ keys: [alice.decryption] });
  assert.equal((await copyImage(image, image, { ...both, transform: opened })).digest, digest);
});

test("a new transport: a policy goes by the name and the scopes of its row", async (t) => {
  const { ends } = toy();
  const policy = join(scratchOf(t), "policy.json");
  const judge = (scopes: object) => {
    writeFileSync(
      policy,
      JSON.stringify({ default: [{ type: "reject" }], transports: { docker: { "": accept }, ...scopes } }),
    );
    const source = { ...ends, gate: policyGate({ policy }) };
    return copyImage("memory:shelf/app", "memory:shelf/copy", { source, target: ends });
  };
  const accept = [{ type: "insecureAcceptAnything" }];
  await assert.rejects(judge({}), expectedError("UNTRUSTED", /the entry default/));
  await judge({ memory: { everything: accept } });
  await judge({ memory: { "": accept } });
  await assert.rejects(judge({ memory: { other: accept } }), expectedError("UNTRUSTED"));
});

test("a new transport: hints and lists in help name it, and without its row it is the name of an image in the store", () => {
  const { row, ends } = toy();
  assert.match(listTransports(undefined, ends.transports), /or memory:$/);
  const isExpected = expectedError("USAGE", /unknown transport/, /memory:SHELF\/NAME/);
  assert.throws(() => parseReference("nfs://a", ends.transports), isExpected);
  assert.equal(parseReference("memory:app", ends.transports).row, row);
  assert.equal(parseReference("memory:app").prefix, "");
});

test("nothing outside src/transport knows a transport by its prefix", () => {
  const src = join(import.meta.dirname, "..", "..", "..", "src");
  const prefixes = transportRows.flatMap((row) => row.prefixes);
  const quotedPrefix = new RegExp(`["'\`/^(]\\^?(?:${prefixes.join("|")})`);
  const found = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.startsWith("transport/"))
    .flatMap((file) => {
      const lines = readFileSync(join(src, file), "utf8").split("\n");
      return lines
        .filter((line) => !/^\s*(?:\/?\*|\/\/)/.test(line) && quotedPrefix.test(line))
        .map((line) => `${file}: ${line}`);
    });
  // Only the help of the command that deletes from registries: it is for no other transport.
  assert.deepEqual(
    found.filter((line) => !line.startsWith("cli/commands/registry/delete.ts:")),
    [],
  );
});
