import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { copy } from "../../../../src/copy/copy.js";
import { parseImageName } from "../../../../src/oci/image-name.js";
import { singleCredentials } from "../../../../src/transport/registry/auth/keychain.js";
import { fetchManifest } from "../../../../src/transport/registry/manifests.js";
import { openClient, registryContext } from "../../../../src/transport/registry/open-client.js";
import { deleteFromRegistry, listRepositoryTags } from "../../../../src/transport/registry/operations.js";
import type { EndpointOptions } from "../../../../src/transport/transport.js";
import { expectedError } from "../../../support/expected-error.js";
import { addImage, MemoryPlace } from "../../../support/images/memory-image.js";
import {
  type DockerRegistry,
  noDockerRegistry,
  startDockerRegistry,
} from "../../../support/registry/docker-registry.js";
import { testEnvironment, testTransport } from "../../../support/registry/registry-endpoint.js";

const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
const skip = noDockerRegistry;

function optionsFor(registry: DockerRegistry): EndpointOptions {
  const { username, password, host, authority } = registry;
  return {
    registry: {
      keychain: singleCredentials(host, { kind: "password", username, password }),
      host: authority === undefined ? {} : { certificateAuthority: Buffer.from(authority) },
    },
  };
}

async function pushSome(registry: DockerRegistry, name: string, options: EndpointOptions): Promise<MemoryPlace> {
  const place = new MemoryPlace();
  const layers = [randomBytes(3_000_000), randomBytes(10), Buffer.alloc(0)].map((bytes) => ({
    mediaType: gzip,
    bytes,
  }));
  place.names.set("app", addImage(place, { layers }));
  await using target = await testTransport().openTarget(`${registry.host}/${name}`, options);
  await copy(place.source("app"), target, {});
  return place;
}

describe("docker-registry", { skip }, () => {
  for (const kind of ["open", "htpasswd", "tls", "token"] as const) {
    test(`${kind}: what was pushed is pulled, listed, tagged and deleted`, async () => {
      await using registry = await startDockerRegistry(kind);
      const options = optionsFor(registry);
      const place = await pushSome(registry, "team/app:1", options);
      const back = new MemoryPlace("memory:b");
      await using source = await testTransport().openSource(`${registry.host}/team/app:1`, options);
      await copy(source, back.target("app"), {});
      assert.deepEqual(new Set(back.blobs.keys()), new Set(place.blobs.keys()));
      const around = registryContext(testEnvironment());
      assert.deepEqual((await listRepositoryTags(`docker://${registry.host}/team/app`, options, around)).tags, ["1"]);
      const gone = await deleteFromRegistry(`docker://${registry.host}/team/app:1`, options, around);
      assert.equal(gone.digest, place.names.get("app")?.digest);
      await assert.rejects(
        deleteFromRegistry(`docker://${registry.host}/team/app:1`, options, around),
        expectedError("NOT_FOUND"),
      );
    });
  }

  test("blobs are mounted from another repository, and not sent again", async () => {
    await using registry = await startDockerRegistry("token");
    const options = optionsFor(registry);
    await pushSome(registry, "team/app:1", options);
    const said: string[] = [];
    const progress: EndpointOptions["progress"] = (event) => {
      if (event.type === "skipped") said.push(event.why);
    };
    await using source = await testTransport().openSource(`${registry.host}/team/app:1`, options);
    await using target = await testTransport().openTarget(`${registry.host}/other:2`, options);
    await copy(source, target, { progress });
    assert.deepEqual(said, ["mounted", "mounted", "mounted", "mounted"]);
  });

  test("without the right authority, the registry is refused, and not spoken to in the clear", async () => {
    await using registry = await startDockerRegistry("tls");
    const open = testTransport().openTarget(`${registry.host}/app:1`, {});
    await assert.rejects(open, expectedError("UNAVAILABLE", /certificate/));
  });

  test("with a wrong password one is DENIED", async () => {
    for (const kind of ["htpasswd", "token"] as const) {
      await using registry = await startDockerRegistry(kind);
      const keychain = singleCredentials(registry.host, { kind: "password", username: "alice", password: "wrong" });
      const open = testTransport().openTarget(`${registry.host}/app:1`, { registry: { keychain } });
      await assert.rejects(open, expectedError("DENIED"));
    }
  });

  test("a manifest is fetched by a client alone", async () => {
    await using registry = await startDockerRegistry("open");
    const options = optionsFor(registry);
    const place = await pushSome(registry, "app:1", options);
    const name = parseImageName(`${registry.host}/app:1`);
    await using client = openClient(
      { name, insecure: false, insecureAt: () => false },
      true,
      options,
      registryContext(testEnvironment()),
    );
    assert.equal((await fetchManifest(client, "1")).descriptor.digest, place.names.get("app")?.digest);
  });
});
