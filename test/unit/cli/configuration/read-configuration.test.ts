import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { commands } from "../../../../src/cli/commands/index.js";
import type { Configuration } from "../../../../src/cli/configuration/configuration.js";
import { hostSection, sections } from "../../../../src/cli/configuration/members.js";
import { readConfiguration } from "../../../../src/cli/configuration/read-configuration.js";
import { type Flag, variableName } from "../../../../src/cli/options/flag.js";
import { flagValues } from "../../../../src/cli/options/flag-values.js";
import { expectedError } from "../../../support/expected-error.js";

const path = "/etc/team/config.toml";
const read = (text: string): Promise<Configuration> => readConfiguration({ path, text });

/** Every option that the file can set, with the header of its table. */
const members = [
  ...sections.flatMap(({ name, members }) => members.map((flag) => ({ flag, header: `[${name}]` }))),
  ...hostSection.members.map((flag) => ({ flag, header: '[registry."registry.example:5000"]' })),
];

/** Two values that an option takes, as they are typed. */
function samples(flag: Flag<unknown>): readonly [string, string] {
  if (flag.placeholder === undefined || flag.placeholder === "BOOL") return ["true", "false"];
  const [one, other] = flag.choices;
  if (one !== undefined && other !== undefined) return [other, one];
  const known = new Map<string, readonly [string, string]>([
    ["N", ["3", "4"]],
    ["DURATION", ["90s", "5m"]],
    ["SIZE", ["1MiB", "2MiB"]],
    ["v1|v2", ["v1", "v2"]],
    ["FILE", ["/a", "/b"]],
    ["DIR", ["/a", "/b"]],
    ["SPEC", ["sigstore:/a", "sigstore:/b"]],
  ]);
  return known.get(flag.placeholder) ?? assert.fail(`${flag.name}: ${flag.placeholder} has no sample`);
}

/** A typed value as TOML has it. */
function toml(flag: Flag<unknown>, value: string): string {
  if (flag.repeats) return JSON.stringify([value]);
  const bare = flag.placeholder === undefined || ["BOOL", "N"].includes(flag.placeholder);
  return bare ? value : JSON.stringify(value);
}

test("every member takes what its option takes, and refuses every other type with the line", async () => {
  assert.ok(members.length > 25);
  for (const { flag, header } of members) {
    const [value] = samples(flag);
    const { values, hosts } = await read(`${header}\n${flag.name} = ${toml(flag, value)}\n`);
    const found = header.startsWith("[registry") ? hosts.get("registry.example:5000") : values;
    assert.deepEqual(found?.get(flag.name), [value], flag.name);
    const wrong = [{}, [[1]], -1.5, "", []].map((other) =>
      Array.isArray(other) || typeof other !== "object" ? JSON.stringify(other) : "{ a = 1 }",
    );
    for (const text of wrong) {
      const refused = expectedError("USAGE", new RegExp(`^"/etc/team/config\\.toml", line 3: .*\\.${flag.name} `));
      await assert.rejects(read(`${header}\n# a comment\n${flag.name} = ${text}\n`), refused, `${flag.name} = ${text}`);
    }
  }
});

test("what is typed counts before a variable, and that before the file, for every member", () => {
  for (const { flag } of members) {
    const [one, other] = samples(flag);
    const rules = { flags: [flag] };
    const [typed, variables, configured] = [
      new Map([[flag.name, [one]]]),
      { [variableName(flag)]: one },
      new Map([[flag.name, [other]]]),
    ];
    const cases = [
      [flagValues(rules, typed, { [variableName(flag)]: other }, configured), "flag", one],
      [flagValues(rules, new Map(), variables, configured), "variable", one],
      [flagValues(rules, new Map(), {}, configured), "file", other],
      [flagValues(rules, new Map(), {}, new Map()), undefined, undefined],
    ] as const;
    for (const [options, origin, value] of cases) {
      assert.equal(options.origin(flag), origin, flag.name);
      assert.deepEqual(options.texts(flag), value === undefined ? [] : [value], flag.name);
      assert.deepEqual(options.get(flag), flag.read(value === undefined ? [] : [value]), flag.name);
    }
  }
});

test("an option of the file's means the same to every command that has it", async () => {
  const names = new Map(members.map(({ flag }) => [flag.name, flag]));
  for (const { name, load } of commands) {
    for (const flag of (await load()).flags) {
      const member = names.get(flag.name);
      if (member)
        assert.deepEqual(
          [flag.placeholder, flag.repeats],
          [member.placeholder, member.repeats],
          `${name} --${flag.name}`,
        );
    }
  }
});

test("no option that may hold a secret is a member, and each is refused as one", async () => {
  assert.deepEqual(
    members.filter(({ flag }) => flag.secret),
    [],
  );
  const declared = await Promise.all(commands.map(({ load }) => load()));
  const secret = new Set(declared.flatMap(({ flags }) => flags.filter((flag) => flag.secret).map(({ name }) => name)));
  for (const name of [
    "creds",
    "registry-token",
    "src-creds",
    "dest-registry-token",
    "key",
    "by",
    "sign-by",
    "password",
  ]) {
    assert.ok(secret.has(name), name);
  }
  const words = [...secret, "password-stdin", "sign-passphrase-file", "pin", "token", "passphrase"];
  for (const header of ["[defaults]", "[trust]", '[registry."registry.example"]', ""]) {
    for (const name of words) {
      const refused = expectedError(
        "USAGE",
        new RegExp(`line ${header === "" ? 1 : 2}: .*${name} is a secret, or may hold one`),
        /oci-enc login/,
      );
      await assert.rejects(
        read(`${header === "" ? "" : `${header}\n`}${name} = "hunter2"\n`),
        refused,
        `${header} ${name}`,
      );
    }
  }
});

test("what is not known is refused with its line and what is known there", async () => {
  for (const [text, message, hint] of [
    [
      "stores = 1",
      /line 1: stores is not known here/,
      /^the file takes recipients, defaults, trust, registry\."HOST"$/,
    ],
    ["[default]\nstore = '/a'", /line 1: default is not known/, /^did you mean defaults\? the file takes /],
    [
      "[defaults]\n\nstorage = '/a'",
      /line 3: defaults\.storage is not known/,
      /^did you mean store\? \[defaults\] takes store, /,
    ],
    ["[defaults]\ninsecure-policy = true", /line 2: defaults\.insecure-policy/, /takes/],
    ["[trust]\ntls-verify = false", /line 2: trust\.tls-verify/, /^\[trust\] takes trust, policy/],
    ['[registry."a.example"]\nstore = "/a"', /line 2: registry\."a\.example"\.store/, /takes authfile, no-creds/],
    ['[registry."https://a.example"]\ntls-verify = false', /line 1: registry\.… is not a registry/, /HOST:PORT/],
    ["defaults = 1", /line 1: defaults is not a table/, undefined],
    ["[recipients]\n'a b' = ['jwe:a']", /line 2: recipients\.… is not the name of a group/, undefined],
  ] as const) {
    await assert.rejects(read(text), expectedError("USAGE", message, hint), text);
  }
  await assert.rejects(
    read("[defaults"),
    expectedError("USAGE", /^the configuration file ".*" cannot be used: it is not TOML \(line 1, /),
  );
});

test("a group lists recipients, whose files are relative to the configuration file", async () => {
  const { groups } = await read(
    '[recipients]\nteam = ["jwe:keys/a.pem", "pgp:a@example.com", "pkcs7:/abs.crt", "provider:kms:x", "jwe:~/b.pem"]\nops.eu = []\n'.replace(
      "ops.eu = []\n",
      "",
    ),
  );
  assert.deepEqual(groups.get("team"), [
    "jwe:/etc/team/keys/a.pem",
    "pgp:a@example.com",
    "pkcs7:/abs.crt",
    "provider:kms:x",
    `jwe:${join(homedir(), "b.pem")}`,
  ]);
  for (const [list, message] of [
    ['"jwe:a"', /is not a list of strings/],
    ["[]", /names no recipient/],
    ['["@other"]', /names another group/],
    ['["alice.pem"]', /has a member that is not a recipient/],
    ['["rot13:x"]', /has a member that is not a recipient/],
    ['["jwe:"]', /has a member that is not a recipient/],
    ['["pkcs11:token=a;object=b?pin-value=1234"]', /holds a PIN/],
  ] as const) {
    await assert.rejects(read(`[recipients]\nteam = ${list}\n`), (error) => {
      assert.ok(!/1234|alice/.test(String(error)), "nothing of the file is quoted");
      return expectedError("USAGE", message)(error);
    });
  }
});

test("a name of a file is relative to the configuration file, or to the user's home", async () => {
  const { values, hosts } = await read(
    '[defaults]\nstore = "images"\ntmpdir = "~/tmp"\n[trust]\ntrust = ["sigstore:cosign.pub", "notary"]\n[registry."docker.io"]\ncert-dir = "certs"\n',
  );
  assert.deepEqual(values.get("store"), ["/etc/team/images"]);
  assert.deepEqual(values.get("tmpdir"), [join(homedir(), "tmp")]);
  assert.deepEqual(values.get("trust"), ["sigstore:/etc/team/cosign.pub", "notary"]);
  assert.deepEqual(hosts.get("docker.io")?.get("cert-dir"), ["/etc/team/certs"]);
});

test("docs/configuration.md lists every member, and no other", async () => {
  const page = await readFile(join(process.cwd(), "docs", "configuration.md"), "utf8");
  for (const { name, members } of [...sections, hostSection]) {
    const row = page.split("\n").find((line) => new RegExp(`^\\| \`\\[${name}[.\\]]`).test(line)) ?? "";
    const listed = [...(row.split("|")[2] ?? "").matchAll(/`([^`]+)`/g)].map(([, member]) => member);
    assert.deepEqual(
      listed,
      members.map((flag) => flag.name),
      name,
    );
  }
  const [, example = ""] = /```toml\n(.*?)```/s.exec(page) ?? [];
  const { groups, hosts } = await read(example);
  assert.deepEqual([[...groups.keys()], [...hosts.keys()]], [["team", "release"], ["registry.example:5000"]]);
});
