import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import { verifying } from "../../src/bytes/verifying.js";
import { parseReference } from "../../src/doors/transport.js";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { parseImageName } from "../../src/oci/image-name.js";
import { parseManifest } from "../../src/oci/manifest.js";
import { claimedName, policySubject } from "../../src/policy/subject.js";
import { attachable } from "../../src/transport/attachments.js";
import { openSource, openTarget } from "../../src/transport/index.js";
import { listTransports } from "../../src/transport/references.js";
import { transportRows } from "../../src/transport/rows.js";
import type { EndpointOptions, ImageSource, ImageTarget } from "../../src/transport/transport.js";
import { expectedError } from "../support/expected-error.js";
import { fileTree } from "../support/files/file-tree.js";
import { bringImage } from "../support/images/bring-image.js";
import { addImage, MemoryPlace } from "../support/images/memory-image.js";
import { scratchOf } from "../support/scratch.js";
import { type TransportCase, transportCases } from "./transport-cases.js";

const tar = "application/vnd.oci.image.layer.v1.tar";

function oneLayer(): { place: MemoryPlace; root: Descriptor; layer: Descriptor } {
  const place = new MemoryPlace();
  const root = addImage(place, { layers: [{ mediaType: tar, bytes: randomBytes(10_000) }] });
  const view = parseManifest(place.content(root.digest), root.mediaType);
  const layer = view.kind === "manifest" ? view.layers[0] : undefined;
  assert.ok(layer);
  return { place, root, layer };
}

interface Ends {
  readonly directory: string;
  readonly reference: string;
  source(more?: EndpointOptions): Promise<ImageSource>;
  target(more?: EndpointOptions): Promise<ImageTarget>;
  /** The digest that the reference names. */
  named(): Promise<string>;
}

function ends(one: TransportCase, t: TestContext): Ends {
  const directory = scratchOf(t);
  const reference = one.reference(directory, "app");
  const source = (more?: EndpointOptions) => openSource(reference, { ...one.options(directory), ...more });
  return {
    directory,
    reference,
    source,
    target: (more) => openTarget(reference, { ...one.options(directory), ...more }),
    async named() {
      await using opened = await source();
      return (await opened.resolve()).digest;
    },
  };
}

async function filled(one: TransportCase, t: TestContext): Promise<Ends & ReturnType<typeof oneLayer>> {
  const both = ends(one, t);
  const image = oneLayer();
  await using target = await both.target();
  await bringImage(image.place, image.root, target);
  return { ...both, ...image };
}

test("no prefix of a transport is the beginning of another's, and one transport has none", () => {
  const prefixes = transportRows.flatMap((row) => row.prefixes);
  for (const one of prefixes) {
    assert.deepEqual(
      prefixes.filter((other) => other.startsWith(one)),
      [one],
    );
  }
  assert.equal(transportRows.filter((row) => row.prefixes.length === 0).length, 1);
});

for (const row of transportRows) {
  test(`${row.title}: its prefixes lead to it, its form shows one, and help lists it`, () => {
    for (const prefix of row.prefixes) {
      const { row: found, locator } = parseReference(`${prefix}a`);
      assert.deepEqual([found, locator], [row, "a"]);
    }
    assert.ok(row.form.startsWith(row.prefixes[0] ?? "NAME"));
    assert.ok(listTransports().includes(row.title));
    assert.ok(
      !listTransports((other) => other !== row)
        .split(/, | or /)
        .includes(row.title),
    );
  });
}

for (const one of transportCases) {
  const { row } = one;

  test(`${one.name}: a policy sees an image by its transport's name, and by its scopes`, async (t) => {
    const { source: open, reference, directory } = await filled(one, t);
    await using source = await open();
    const { location, identity } = policySubject({ reference, source });
    const expected = one.policy(directory, "app");
    assert.equal(location.transport, expected.transport);
    assert.deepEqual(location.scopes.slice(0, expected.scopes.length), expected.scopes);
    assert.equal(location.scopes.at(-1), "");
    if (expected.scopes.length === 0) assert.deepEqual(location.scopes, [""]);
    const name = row.named ? parseImageName(reference.slice(row.prefixes[0]?.length ?? 0)) : undefined;
    assert.deepEqual([identity, claimedName(reference)], [name, name]);
  });

  test(`${one.name}: the gate of the source is asked with the reference as it was written`, async (t) => {
    const { source: open, reference, root } = await filled(one, t);
    const asked: (readonly string[])[] = [];
    await using source = await open({
      gate: async (found, image) => void asked.push([found.digest, image.reference]),
    });
    await source.resolve();
    await source.resolve();
    assert.deepEqual(asked, [[root.digest, reference]]);
  });

  test(`${one.name}: a target says before anything moves whether it keeps encrypted layers and attachments`, async (t) => {
    const { root } = oneLayer();
    await using target = await ends(one, t).target();
    const refused = (encrypted: boolean) => target.refuses?.(root, { encrypted, attached: false }) !== undefined;
    assert.deepEqual([refused(false), refused(true)], [false, !row.encrypted]);
    assert.equal(attachable(target) !== undefined, row.attachments);
  });

  test(`${one.name}: a place where nothing is yet has no image: NOT_FOUND`, async (t) => {
    await assert.rejects(ends(one, t).named(), expectedError("NOT_FOUND"));
  });

  test(`${one.name}: a target of a dry run leaves nothing behind`, async (t) => {
    const { target: open, directory } = ends(one, t);
    const before = await fileTree(directory);
    {
      await using target = await open({ dryRun: true });
      assert.equal(await target.has(oneLayer().layer), false);
    }
    assert.deepEqual(await fileTree(directory), before);
  });
}

for (const one of transportCases.filter(({ damage }) => damage)) {
  test(`${one.name}: a blob that was damaged where it is kept is CORRUPT when it is read`, async (t) => {
    const { source: open, directory, place, layer } = await filled(one, t);
    one.damage?.(directory, { digest: layer.digest, bytes: place.content(layer.digest) });
    const read = async () => {
      await using source = await open();
      await source.resolve();
      for await (const _ of verifying(source.blob(layer), layer));
    };
    await assert.rejects(read(), expectedError("CORRUPT"));
  });
}

for (const one of transportCases.filter(({ inPlace }) => inPlace)) {
  test(`${one.name}: an image is written in place of itself`, async (t) => {
    const { source: open, target: openTo, named } = await filled(one, t);
    const { place, root } = oneLayer();
    {
      await using source = await open();
      const { digest } = await source.resolve();
      await using target = await openTo({ inPlaceOf: source.name });
      assert.equal(target.place, source.place);
      await bringImage(place, root, target, { expect: digest });
    }
    assert.equal(await named(), root.digest);
  });
}

for (const one of transportCases.filter(({ several }) => several)) {
  test(`${one.name}: an image that is not there is NOT_FOUND beside one that is`, async (t) => {
    const { directory } = await filled(one, t);
    const absent = async () => {
      await using source = await openSource(one.reference(directory, "other"), one.options(directory));
      await source.resolve();
    };
    await assert.rejects(absent(), expectedError("NOT_FOUND"));
  });
}

for (const one of transportCases.filter(({ several }) => !several)) {
  test(`${one.name}: what is there already is a CONFLICT, unless force is given`, async (t) => {
    const { target: openTo, named, root: first } = await filled(one, t);
    const { place, root } = oneLayer();
    const write = async (more: EndpointOptions) => {
      await using target = await openTo(more);
      await bringImage(place, root, target);
    };
    await assert.rejects(write({}), expectedError("CONFLICT"));
    assert.equal(await named(), first.digest);
    await write({ force: true });
    assert.equal(await named(), root.digest);
  });
}
