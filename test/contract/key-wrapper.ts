import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type {
  DecryptionKey,
  EncryptionKey,
  KeyWrapper,
  WrappedKey,
  WrapperOptions,
} from "../../src/crypt/key-wrapper.js";
import { isRecipient } from "../../src/crypt/recipient-id.js";
import type { SchemeRow } from "../../src/crypt/scheme-row.js";
import { sameId } from "../../src/crypt/schemes/index.js";
import { type ErrorCode, OciEncError } from "../../src/errors.js";
import { expectedError } from "../support/expected-error.js";
import { LeakFinder } from "../support/process/leaked.js";

/** Somebody with both halves of a key. */
export interface Party {
  readonly recipient: EncryptionKey;
  readonly key: DecryptionKey;
}

/** What the contract suite needs to try a scheme. */
export interface SchemeFixture {
  readonly one: Party;
  readonly other: Party;
  /** A key of this scheme that is neither's, and what it is loaded with. */
  readonly stranger: { readonly key: DecryptionKey; readonly options?: WrapperOptions };
  readonly options?: WrapperOptions;
  /** A key of another scheme, which this one has to leave alone. */
  readonly foreign: DecryptionKey;
  /** Recipients that cannot be used, and the code of the refusal. */
  readonly unusable: readonly (readonly [EncryptionKey, ErrorCode])[];
  /** What `anonymous` does: leaves the id out, is refused, or leaves the name of the annotation, which is no key's. */
  readonly anonymous: "hides the id" | "is refused" | "leaves the annotation suffix";
  /** Whether any bytes are a wrapped key, as far as that can be told without asking somebody. */
  readonly opaque?: boolean;
  /** Texts of keys with the secret in each. */
  readonly secrets: readonly (readonly [text: string, secret: string])[];
}

/** Tries everything that the interface of a key wrapper promises on one scheme. */
export function keyWrapperContract(
  row: SchemeRow,
  fixture: SchemeFixture | undefined,
  skip: string | false = fixture === undefined ? "there is nothing to try it with" : false,
): void {
  const it = (title: string, body: (fixture: SchemeFixture, wrapper: KeyWrapper) => Promise<void>) =>
    test(`${row.scheme}: ${title}`, { skip }, async () => {
      assert.ok(fixture);
      await body(fixture, await row.load());
    });

  it("what is wrapped for two recipients is unwrapped by each, under an annotation suffix of the scheme", async (f, w) => {
    const secret = randomBytes(193);
    const wrapped = await wrapFor(w, f, [f.one, f.other], secret);
    assert.ok(wrapped.length > 0 && wrapped.every(({ suffix }) => row.owns(suffix)));
    for (const party of [f.one, f.other]) assert.deepEqual(await unwrapAny(w, f, party.key, wrapped), secret);
  });

  it("a key that it was not wrapped for gives undefined", async (f, w) => {
    const wrapped = await wrapFor(w, f, [f.one]);
    const unwrapper = await w.unwrapWith([f.stranger.key], f.stranger.options ?? f.options);
    assert.ok(unwrapper);
    for (const one of wrapped) assert.equal(await unwrapper.unwrap(one), undefined);
  });

  it("a damaged wrapped key gives the secret, nothing or an error, and never something else", async (f, w) => {
    const secret = randomBytes(193);
    const [wrapped] = await wrapFor(w, f, [f.one], secret);
    assert.ok(wrapped);
    const unwrapper = await w.unwrapWith([f.one.key], f.options);
    const step = Math.max(1, Math.floor(wrapped.bytes.length / 12));
    for (let at = 0; at < wrapped.bytes.length; at += step) {
      const bytes: Buffer = Buffer.from(wrapped.bytes);
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      const found: unknown = await unwrapper?.unwrap({ ...wrapped, bytes }).catch(ociEncError);
      if (found instanceof Uint8Array) assert.deepEqual(Buffer.from(found), secret);
      else assert.ok(found === undefined || found instanceof OciEncError);
    }
  });

  it("bytes that are not a wrapped key are an error, and listed as unreadable", async (f, w) => {
    const [wrapped] = await wrapFor(w, f, [f.one]);
    assert.ok(wrapped);
    const broken = { ...wrapped, bytes: Buffer.from("neither JSON nor anything else") };
    const unwrapper = await w.unwrapWith([f.one.key], f.options);
    await assert.rejects(
      async () => await unwrapper?.unwrap(broken),
      (error) => Boolean(ociEncError(error)),
    );
    const kinds = w.recipients(broken).map(({ kind }) => kind);
    assert.deepEqual(kinds, [f.opaque ? "recipient" : "unreadable"]);
  });

  it("the recipients of any bytes are listed, under the scheme's name", async (f, w) => {
    const [wrapped] = await wrapFor(w, f, [f.one]);
    assert.ok(wrapped);
    const { suffix } = wrapped;
    await fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const info of w.recipients({ suffix, bytes })) assert.equal(info.scheme, row.scheme);
      }),
      { numRuns: 200 },
    );
  });

  it("identify tells what recipients says of a key that was wrapped for it", async (f, w) => {
    for (const party of [f.one, f.other]) {
      const known = await w.identify([party.recipient], f.options);
      const listed = (await wrapFor(w, f, [party])).flatMap((one) => w.recipients(one));
      assert.equal(known.length, listed.length);
      for (const [index, info] of listed.entries()) {
        const here = known[index];
        assert.ok(here);
        assert.equal(info.kind, "recipient");
        assert.equal(here.id === "", info.id === "");
        assert.equal(isRecipient(info, here), info.id !== "");
      }
    }
    const prints = await Promise.all([f.one, f.other, f.one].map((one) => w.identify([one.recipient], f.options)));
    const [first, second, again] = prints.map(([known]) => known?.thumbprint);
    assert.equal(first, again);
    assert.notEqual(first, second);
  });

  it("a key that identify gives stands for the same recipient", async (f, w) => {
    const secret = randomBytes(193);
    const known = await w.identify([f.one.recipient], f.options);
    const keys = known.map(({ key }) => ({ recipient: key, key: f.one.key }));
    assert.deepEqual(await unwrapAny(w, f, f.one.key, await wrapFor(w, f, keys, secret)), secret);
  });

  it(`anonymous ${fixture?.anonymous ?? ""}`, async (f, w) => {
    const options = { ...f.options, anonymous: true };
    if (f.anonymous === "is refused") {
      await assert.rejects(w.wrapFor([f.one.recipient], options), expectedError("UNSUPPORTED"));
      return;
    }
    const secret = randomBytes(193);
    const wrapped = await (await w.wrapFor([f.one.recipient], options))(secret);
    assert.deepEqual(await unwrapAny(w, f, f.one.key, wrapped), secret);
    for (const one of wrapped) {
      const named = one.suffix.slice(row.scheme.length + 1);
      for (const { id } of w.recipients(one)) {
        if (f.anonymous === "hides the id") assert.equal(id, "");
        else assert.ok(sameId(row.scheme, named, id), id);
      }
    }
  });

  it("one recipient is taken out, and the other still unwraps", async (f, w) => {
    const secret = randomBytes(193);
    const parties = [f.one, f.other];
    const wrapped = await wrapFor(w, f, parties, secret);
    if (wrapped.length === parties.length) {
      for (const one of wrapped) assert.equal(w.recipients(one).length, 1);
      return;
    }
    const [both] = wrapped;
    assert.ok(both && w.without, "several recipients in one wrapped key, and no way to take one out");
    for (const [index, gone] of parties.entries()) {
      const left = w.without(both, index);
      assert.deepEqual(w.recipients(left), w.recipients(both).toSpliced(index, 1));
      const stays = parties[1 - index];
      assert.ok(stays);
      assert.deepEqual(await unwrapAny(w, f, stays.key, [left]), secret);
      assert.notDeepEqual(await unwrapAny(w, f, gone.key, [left]).catch(ociEncError), secret);
    }
    assert.throws(() => w.without?.(both, 2), expectedError("CORRUPT"));
  });

  it("nothing of the secret is in what is wrapped", async (f, w) => {
    const secret = randomBytes(193);
    const leaks = new LeakFinder();
    leaks.add(secret);
    for (const { bytes } of await wrapFor(w, f, [f.one, f.other], secret)) {
      for (const form of ["latin1", "base64", "hex"] as const) {
        assert.equal(leaks.find(Buffer.from(bytes).toString(form)), undefined);
      }
    }
  });

  it("the same secret is wrapped in another way each time", async (f, w) => {
    const secret = randomBytes(193);
    const [once, twice] = [await wrapFor(w, f, [f.one], secret), await wrapFor(w, f, [f.one], secret)];
    assert.notDeepEqual(once, twice);
  });

  it("a recipient that cannot be used is refused before anything is wrapped", async (f, w) => {
    assert.ok(f.unusable.length > 0);
    for (const [key, code] of f.unusable) {
      const refused = expectedError(code);
      await assert.rejects(w.wrapFor([f.one.recipient, key], f.options), refused);
      await assert.rejects(w.identify([key], f.options), (error) => Boolean(ociEncError(error)));
    }
  });

  it("keys of other schemes are left to those", async (f, w) => {
    const none = await w.unwrapWith([f.foreign], f.options);
    assert.deepEqual(none?.used ?? [], []);
    if (!row.holdsOwnKeys) assert.equal(none, undefined);
    const unwrapper = await w.unwrapWith([f.foreign, f.one.key], f.options);
    assert.deepEqual(unwrapper?.used, [f.one.key]);
  });

  it("its row names it in the help, and shows no secret of a key", async ({ secrets }) => {
    for (const text of [row.help.recipient, row.help.id ?? row.scheme]) assert.ok(text.startsWith(row.scheme), text);
    assert.ok(row.help.missingKey.startsWith("-k"));
    if (row.takes !== "file") assert.ok(secrets.length > 0 || row.shown !== undefined);
    for (const [text, secret] of secrets) assert.ok(!(row.shown?.(text) ?? "").includes(secret), text);
  });
}

async function wrapFor(
  wrapper: KeyWrapper,
  { options }: SchemeFixture,
  parties: readonly Party[],
  secret: Uint8Array = randomBytes(193),
): Promise<readonly WrappedKey[]> {
  const wrap = await wrapper.wrapFor(
    parties.map(({ recipient }) => recipient),
    options,
  );
  return await wrap(secret);
}

/** What the first of the wrapped keys gives that is for this key. */
async function unwrapAny(
  wrapper: KeyWrapper,
  { options }: SchemeFixture,
  key: DecryptionKey,
  wrapped: readonly WrappedKey[],
): Promise<Uint8Array | undefined> {
  const unwrapper = await wrapper.unwrapWith([key], options);
  assert.deepEqual(unwrapper?.used, [key]);
  for (const one of wrapped) {
    const found = await unwrapper?.unwrap(one);
    if (found !== undefined) return Buffer.from(found);
  }
  return undefined;
}

/** The error, where it is one that schemes may throw. */
function ociEncError(error: unknown): OciEncError {
  if (error instanceof OciEncError && error.code !== "INTERNAL") return error;
  throw error;
}
