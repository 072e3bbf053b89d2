import { OciEncError } from "../../errors.js";
import { describeForm } from "../key-parts.js";
import { isKeyData } from "./key-data.js";

/** What gpg knows a key by. The text is for looking up; messages have `shown`, since a text may come out of a file. */
export interface KeyName {
  /** An address, a user id, a key id or a fingerprint. Empty: any key. Never part of a message. */
  readonly text: string;
  /** In quotes. */
  readonly shown: string;
}

/** A key as it was given. */
interface GivenKey {
  readonly value: Uint8Array;
  readonly isFile?: boolean | undefined;
  readonly origin: string;
}

/** The name that a key's value is; undefined when it is key data. KEY_INVALID for a file that holds something else. */
export function keyNameOf(key: GivenKey): KeyName | undefined {
  if (isKeyData(key.value)) return undefined;
  const shown = JSON.stringify(key.origin.slice(0, 200));
  if (key.isFile === true || !isName(key.value)) {
    const what = describeForm(key.value)?.what;
    const found = what === undefined ? "holds no OpenPGP key" : `is ${what}, and holds no OpenPGP key`;
    throw new OciEncError("KEY_INVALID", `${shown} ${found}`, {
      hint: "export one: gpg --armor --export ADDRESS; or name it by its address or fingerprint",
    });
  }
  return { text: Buffer.from(key.value).toString("utf8").trim(), shown };
}

/** One line of text, as long as a user id may be. */
function isName(value: Uint8Array): boolean {
  return value.length <= 1024 && !/[\0-\x08\x0a-\x1f]/.test(Buffer.from(value).toString("latin1").trim());
}
