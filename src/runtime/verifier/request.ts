import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { type ImageName, parseImageName } from "../../oci/image-name.js";
import { memberOf, parseJson } from "../../oci/json-text.js";
import { readDescriptor } from "../../oci/manifest.js";
import { isIndexType, isManifestType } from "../../oci/media-type.js";
import { isRegistryName } from "./registry-name.js";

/** What the verifier is started with, as it is written. Undefined: that is not there. */
export interface VerifierCall {
  readonly name: string | undefined;
  readonly digest: string | undefined;
  readonly stdinMediaType: string | undefined;
  /** `pull` or `run`; before containerd 2.3 there is none, and only pulls are judged. */
  readonly operation: string | undefined;
}

/** The image that may be pulled. */
export interface VerifierRequest {
  /** As it was asked for. */
  readonly name: ImageName;
  /** What containerd has resolved that to: an index, or a manifest. */
  readonly descriptor: Descriptor;
}

/** The options whose values a call has, in the order in which containerd writes them. */
export const callOptions: readonly ["name", "digest", "stdin-media-type", "operation"] = [
  "name",
  "digest",
  "stdin-media-type",
  "operation",
];

/** The descriptor itself. */
const descriptorType = "application/vnd.oci.descriptor.v1+json";

/** An object whose member `descriptor` it is; what else is in it tells who will run the image. */
const inputType = "application/vnd.containerd.image-verifier.input.v1+json";

/**
 * Reads what containerd asks: containerd's image-verification.md. USAGE for arguments that are not of that form, CORRUPT
 * for a descriptor that is none, or that is of another digest than was said; UNSUPPORTED for what is no image.
 */
export function readRequest(call: VerifierCall, input: Uint8Array): VerifierRequest {
  const named = required(call.name, "name");
  const digest = required(call.digest, "digest");
  const type = required(call.stdinMediaType, "stdin-media-type");
  if (call.operation !== undefined && call.operation !== "pull" && call.operation !== "run") {
    throw new OciEncError("USAGE", `-operation ${quoted(call.operation)} is neither pull nor run`, { hint: newer });
  }
  const descriptor = readInput(type, input);
  if (descriptor.digest !== digest) {
    throw new OciEncError(
      "CORRUPT",
      `the descriptor is that of ${descriptor.digest}, and the digest is ${quoted(digest)}`,
    );
  }
  if (!isManifestType(descriptor.mediaType) && !isIndexType(descriptor.mediaType)) {
    throw new OciEncError("UNSUPPORTED", `${quoted(descriptor.mediaType)} is no image that can be judged`);
  }
  const name = parseImageName(named);
  if (!isRegistryName(named, name)) {
    throw new OciEncError("USAGE", `${quoted(named)} does not say which registry it is of`, {
      hint: "write HOST/REPOSITORY:TAG",
    });
  }
  if (name.digest !== undefined && name.digest !== digest) {
    throw new OciEncError("CORRUPT", `the name has the digest ${name.digest}, and the image is ${digest}`);
  }
  return { name, descriptor };
}

function readInput(type: string, input: Uint8Array): Descriptor {
  if (type !== descriptorType && type !== inputType) {
    throw new OciEncError("UNSUPPORTED", `standard input is of the type ${quoted(type)}`, { hint: newer });
  }
  if (input.length === 0) throw new OciEncError("CORRUPT", "there is no descriptor on standard input");
  const { root } = parseJson(input, "standard input");
  const node = type === inputType ? memberOf(root, "descriptor") : root;
  if (node === undefined) throw new OciEncError("CORRUPT", "standard input has no descriptor");
  return readDescriptor(node, "the descriptor on standard input");
}

const newer = "this containerd may be newer than this oci-enc: see whether there is a newer one";

function required(value: string | undefined, name: string): string {
  if (value) return value;
  throw new OciEncError("USAGE", `-${name} is missing`, {
    hint: "containerd starts it with -name REF -digest DIGEST -stdin-media-type TYPE",
  });
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
