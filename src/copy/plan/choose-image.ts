import { OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { inPreference, localPlatform, type Platform, printPlatform } from "../../oci/platform.js";
import type { Progress } from "../../progress.js";

/** An image of an index, as far as it matters for which one is meant. */
export interface Choosable {
  readonly descriptor: Descriptor;
  readonly platform: Platform | undefined;
}

/** Where the images are, and which of them is wanted. */
export interface ChoiceOptions {
  /** Of the image's place. */
  readonly name: string;
  /** Default: this machine's platform, else the only one there is. */
  readonly wanted?: Platform | undefined;
  /** Images that are named and not there. */
  readonly absent?: readonly Choosable[] | undefined;
  readonly progress?: Progress | undefined;
}

/**
 * The image that is meant: the first that fits best, with a warning where others fit as well. NOT_FOUND when the one that is
 * meant is absent; USAGE when no platform is meant more than another.
 */
export function chooseImage<T extends Choosable>(images: readonly T[], options: ChoiceOptions): T {
  const { name, wanted = localPlatform(), absent = [] } = options;
  const here = inPreference(wanted, images);
  const [gone] = here.length === 0 ? inPreference(wanted, absent) : [];
  if (gone?.platform) throw imageAbsent({ ...gone, platform: gone.platform }, images, name);
  const fitting = here.length > 0 || absent.length > 0 ? here : onlyOnes(images);
  const [chosen, ...others] = fitting;
  if (chosen === undefined) throw undecided(images, absent, name);
  if (others.length > 0) tellOfOthers(fitting, options);
  return chosen;
}

/** All of them, where they are for one platform. */
function onlyOnes<T extends Choosable>(images: readonly T[]): readonly T[] {
  const platforms = new Set(images.map(({ platform }) => (platform ? printPlatform(platform) : undefined)));
  const named = images.length === 1 || (platforms.size === 1 && !platforms.has(undefined));
  const [first] = images;
  if (!named || first === undefined) return [];
  return first.platform ? inPreference(first.platform, images) : images;
}

function tellOfOthers(fitting: readonly Choosable[], { progress, name }: ChoiceOptions): void {
  const [chosen, ...others] = fitting.map(({ descriptor }) => descriptor.digest);
  const rest = others.slice(0, 10).join(", ");
  const message = `${chosen} is the first of ${fitting.length} images that fit in ${name}, and is taken; take another one by its digest: ${rest}`;
  progress?.({ type: "warning", code: "PLATFORM_CHOSEN", message });
}

function imageAbsent(
  { descriptor, platform }: Choosable & { readonly platform: Platform },
  images: readonly Choosable[],
  name: string,
): OciEncError {
  const has = namesOf(images).join(", ");
  const what = `the image for ${printPlatform(platform)} (${descriptor.digest})`;
  return new OciEncError("NOT_FOUND", `${name} names ${what}, and does not have it`, {
    hint: has === "" ? "nothing that it names is there" : `choose what is there with --platform: ${has}`,
  });
}

function undecided(images: readonly Choosable[], absent: readonly Choosable[], name: string): OciEncError {
  if (images.length === 0 && absent.length > 0) {
    return new OciEncError("NOT_FOUND", `${name} names ${namesOf(absent).join(", ")}, and has none of them`);
  }
  const lacking = absent.length === 0 ? "" : `; named and not there: ${namesOf(absent).join(", ")}`;
  const count = new Set(namesOf(images)).size;
  return new OciEncError("USAGE", `the image is for ${count} platforms, and it is not clear which one is meant`, {
    hint: images.length === 0 ? undefined : `choose one with --platform: ${namesOf(images).join(", ")}${lacking}`,
  });
}

/** Platforms, and digests of what names none. */
function namesOf(images: readonly Choosable[]): readonly string[] {
  const names = images.map(({ platform, descriptor }) => (platform ? printPlatform(platform) : descriptor.digest));
  return [...new Set(names)].slice(0, 40);
}
