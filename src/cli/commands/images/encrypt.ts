import type { LayerSelection, OpenedPreviousImage } from "../../../doors/index.js";
import { listTransports, parseReference } from "../../../transport/references.js";
import { hasHost } from "../../habits/image-words.js";
import { choice, type Flag, single, toggle } from "../../options/flag.js";
import { inPlace, inPlaceTarget, requireInPlace } from "../../options/in-place.js";
import {
  anonymous,
  hasKeys,
  key,
  keysDir,
  openingFlags,
  readSettings,
  recipient,
  recipientsFile,
  settingFlags,
} from "../../options/keys/key-flags.js";
import { readKeys, readRecipients } from "../../options/keys/keys.js";
import { excludeLayer, layer, readLayers } from "../../options/layers.js";
import { allPlatforms, otherPlatforms, platform, readPlatforms } from "../../options/platforms.js";
import { relatedEndpoint, sourceEndpoint, store } from "../../options/registry/endpoints.js";
import { bothSidesFlags } from "../../options/registry/registry-flags.js";
import { readRules, readTrust } from "../../options/signing/trust-flags.js";
import type { Command, Invocation } from "../command.js";
import { removeSignatures, transferConflicts, transferFlags, transferNeeds } from "../transfer/transfer-flags.js";

const group = "Layers and platforms:";

const ifEncrypted: Flag<"fail" | "skip" | "add"> = choice(
  { name: "if-encrypted", about: "what to do with a layer that is encrypted already; add requires --key", group },
  ["fail", "skip", "add"],
);

const baseImage: Flag<string | undefined> = single({
  name: "base",
  placeholder: "REF|auto",
  about:
    "do not encrypt the layers of this base image, which are compared unless it is named by digest; auto: the base that the image's annotations name",
  group,
});

const reuseFrom: Flag<string | undefined> = single({
  name: "reuse-from",
  placeholder: "REF",
  about:
    "take layers of this previous image that hold the same: compared with --key, unless it is named by digest or a rule vouches for it",
  group,
});

const nondistributable: Flag<"fail" | "skip" | "encrypt"> = choice(
  { name: "nondistributable", about: "what to do with a nondistributable layer, which has its own URLs", group },
  ["fail", "skip", "encrypt"],
);

const attestations: Flag<"keep" | "drop"> = choice(
  { name: "attestations", about: "what to do with attestations, which list the content in the clear", group },
  ["keep", "drop"],
);

const keepPlainSignatures: Flag<boolean> = toggle({
  name: "keep-plain-signatures",
  about:
    "keep the signatures of the unencrypted image with the encrypted one; they are valid again when that is decrypted",
  group: "Source and target:",
  topic: "signing",
});

/** `encrypt SRC [DST]`. */
export const encrypt: Command = {
  arguments: [
    {
      name: "SRC",
      names: "image",
      about: `the image to encrypt: ${listTransports()}`,
    },
    inPlaceTarget("where the encrypted image goes"),
  ],
  flags: [
    recipient,
    recipientsFile,
    anonymous,
    ...openingFlags,
    ...settingFlags,
    layer,
    excludeLayer,
    baseImage,
    reuseFrom,
    platform,
    allPlatforms,
    otherPlatforms,
    ifEncrypted,
    nondistributable,
    attestations,
    keepPlainSignatures,
    inPlace,
    ...transferFlags,
  ],
  conflicts: [
    [anonymous, reuseFrom],
    [allPlatforms, platform],
    [keepPlainSignatures, removeSignatures],
    ...transferConflicts,
  ],
  needs: [
    [otherPlatforms, platform],
    [key, ifEncrypted, reuseFrom],
    [keysDir, ifEncrypted, reuseFrom],
    ...transferNeeds,
  ],
  examples: [
    "oci-enc encrypt -r jwe:pub.pem app:1 app:1-enc",
    "oci-enc encrypt -r jwe:alice.pub.pem -r jwe:bob.pub.pem oci:images:app oci:encrypted:app",
    "oci-enc encrypt -r jwe:pub.pem --layer=-1 --platform linux/amd64 docker-archive:app.tar oci-archive:app-enc.tar",
    "oci-enc encrypt -r jwe:pub.pem -k key.pem --reuse-from app:1-enc app:2 app:2-enc",
  ],
  async run(invocation) {
    await requireInPlace(invocation);
    const { options, progress, signal } = invocation;
    const [{ encryptLayers }, { transferImage }, { encryptSummary }] = await Promise.all([
      import("../../../doors/index.js"),
      import("../transfer/transfer.js"),
      import("../../output/encrypt-summary.js"),
    ]);
    const recipients = await readRecipients(invocation);
    const previous = await openPrevious(invocation);
    await using _ = previous;
    const transform = await encryptLayers({
      keys: recipients,
      select: await readSelection(invocation),
      anonymous: options.get(anonymous),
      ifEncrypted: options.get(ifEncrypted),
      nondistributable: options.get(nondistributable),
      attestations: options.get(attestations),
      open: hasKeys(options) ? await readKeys(invocation) : [],
      previous,
      settings: readSettings(options),
      progress,
      signal,
    });
    const platforms = await readPlatforms(options);
    return await transferImage(invocation, {
      transform,
      platforms,
      otherPlatforms: options.get(otherPlatforms),
      keepPlainSignatures: options.get(keepPlainSignatures),
      summary: (report) =>
        encryptSummary(report, {
          recipients: recipients.map(({ scheme, origin }) => `${scheme}:${origin}`),
          next: nextArguments(invocation),
          push: pushArguments(invocation),
        }),
    });
  },
};

/** The image that was written, as the next command names it. Undefined: how its registry is reached would have to be said, too. */
function nextArguments({ arguments: [from = "", to = from], options }: Invocation): readonly string[] | undefined {
  const { row } = parseReference(to);
  if (row.remote && bothSidesFlags.some((flag) => options.given(flag))) return undefined;
  const place = options.get(store);
  return [...(row.prefixes.length === 0 && place !== undefined ? ["--store", place] : []), to];
}

/** For an image in the local store. A name without a host is one of Docker's own registry, where it hardly belongs. */
function pushArguments(invocation: Invocation): readonly string[] | undefined {
  const [from = "", to = from] = invocation.arguments;
  const image = nextArguments(invocation);
  if (image === undefined || parseReference(to).row.prefixes.length > 0) return undefined;
  return [...image, ...(hasHost(to) ? [] : [`HOST/${to}`])];
}

/** It is most likely where the new one goes. */
async function openPrevious(invocation: Invocation): Promise<OpenedPreviousImage | undefined> {
  const {
    arguments: [image = "", target = image],
    options,
    signal,
    progress,
  } = invocation;
  const reference = options.get(reuseFrom);
  if (reference === undefined) return undefined;
  const { openPreviousImage } = await import("../../../doors/index.js");
  const previous = await relatedEndpoint(invocation, reference, { side: "dest", image: target });
  return await openPreviousImage(reference, { ...previous, rules: await readTrust(invocation), signal, progress });
}

async function readSelection(invocation: Invocation): Promise<LayerSelection> {
  const {
    arguments: [image = ""],
    options,
    progress,
    signal,
  } = invocation;
  const selection = await readLayers(options);
  const reference = options.get(baseImage);
  if (reference === undefined) return selection;
  const { selectBase } = await import("../../../doors/index.js");
  const related = reference === "auto" ? image : reference;
  const base = { ...(await relatedEndpoint(invocation, related, { side: "src", image })), signal };
  const platforms = options.get(otherPlatforms) === "drop" ? await readPlatforms(options) : undefined;
  const rules = { ...(await readRules(invocation)), platforms };
  const source = { ...(await sourceEndpoint(invocation)), signal };
  const selector = await selectBase(reference, { image, source, rules, base, progress });
  return { ...selection, exclude: [...selection.exclude, selector] };
}
