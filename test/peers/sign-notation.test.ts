import { after, before, describe, test } from "node:test";
import { exits, refuses } from "../support/process/exits.js";
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from "../support/registry/docker-registry.js";
import { scratchDirectory } from "../support/scratch.js";
import { notarySpec, notationIn } from "../support/signing/notation.js";
import { regraft, type SignedPlace, type StoredManifest, signedPlace } from "../support/signing/signed-place.js";
import { signingCalls } from "../support/signing/signing-calls.js";

const scratch = scratchDirectory();
const notation = notationIn(scratch);
const { sign, verify } = signingCalls(notation.environment);

describe("notation", { skip: noDockerRegistry || notation.missing }, () => {
  let registry: DockerRegistry;
  before(async () => {
    registry = await startDockerRegistry("open");
  });
  after(() => registry[Symbol.asyncDispose]());
  const fresh = async (repository: string): Promise<{ place: SignedPlace; root: StoredManifest }> => {
    const place = signedPlace(registry.host, repository);
    return { place, root: await place.put("one") };
  };

  for (const format of ["jws", "cose"] as const) {
    test(`notation and we accept each other's ${format}, and refuse a chain of nobody's and another image's`, async () => {
      const [ours, theirs] = [await fresh(`${format}/ours`), await fresh(`${format}/theirs`)];
      const by = ["--by", notarySpec("rsa2048")];
      await sign(ours.place.tagged, ...by, "--format", format);
      await exits(0, notation.sign(theirs.place.at(theirs.root.digest), "ec256", format));
      const policy = ["--trust-policy", notation.trustPolicy, "--trust-store", notation.trustStore];
      for (const { place, root } of [ours, theirs]) {
        await exits(0, notation.verify(place.at(root.digest)));
        await exits(0, verify(place.tagged, ...policy));
        const posing = await place.put("two", "v2");
        await regraft(place, root, posing);
        await refuses(notation.verify(place.at(posing.digest)));
        await exits(8, verify(place.at(posing.digest), ...policy));
      }
      const [stranger, strangers] = [await fresh(`${format}/stranger`), await fresh(`${format}/strangers`)];
      await sign(stranger.place.tagged, "--by", notarySpec("other"), "--format", format);
      await exits(0, notation.sign(strangers.place.at(strangers.root.digest), "other", format));
      for (const { place, root } of [stranger, strangers]) {
        await refuses(notation.verify(place.at(root.digest)));
        await exits(8, verify(place.tagged, ...policy));
      }
    });
  }
});
