import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { copy } from "../../../../src/copy/copy.js";
import type { ImageSource, ImageTarget } from "../../../../src/transport/transport.js";
import { addImage, MemoryPlace } from "../../../support/images/memory-image.js";
import { testTransport } from "../../../support/registry/registry-endpoint.js";
import { summary } from "../../../support/registry/request-log.js";
import { startStrictRegistry } from "../../../support/registry/strict/strict-registry.js";

const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";

describe("docker://", () => {
  test("an image copied there and back is the same, byte for byte", async () => {
    await using server = await startStrictRegistry();
    const place = new MemoryPlace();
    const root = addImage(place, {
      layers: [
        { mediaType: gzip, bytes: randomBytes(300_000) },
        { mediaType: gzip, bytes: randomBytes(10) },
      ],
    });
    place.names.set("app", root);
    const transport = testTransport();
    await using target: ImageTarget = await transport.openTarget(`${server.host}/app:1`, {});
    await copy(place.source("app"), target, {});
    const back = new MemoryPlace("memory:b");
    await using source: ImageSource = await transport.openSource(`${server.host}/app:1`, {});
    await copy(source, back.target("app"), {});
    assert.deepEqual(new Set(back.blobs.keys()), new Set(place.blobs.keys()));
    assert.equal(back.names.get("app")?.digest, root.digest);
    assert.equal(summary(server.log).filter((line) => line === "PUT /v2/app/manifests/1").length, 1);
  });
});
