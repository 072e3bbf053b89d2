// Who may import whom in src/. Writes biome.imports.json, which biome.json extends, from the tables below; with --check it
// writes nothing, and exits 1 where that file is not what they say. Run by `make format` and `make check`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { generatedFile } from "./generated-file.js";
import { grouped } from "./grouped.js";

/** The ground, from the bottom up: each may import those before it, and every folder below may import all of them. */
const ground = ["errors.ts", "oci/", "progress.ts", "bytes/", "process/", "files/", "keys/", "tar/"];

/**
 * The layers on that ground, from the bottom up: a row names what it may import besides, all of which stands above it in
 * this table; of a folder of which it names single files, it may import no other. `rule` is the number in
 * docs/architecture.md, `partRule` that for folders of which only single files may be imported.
 */
const layers = [
  { at: "crypt/", imports: [], rule: "rules 1 and 2" },
  { at: "transport/", imports: [], rule: "rules 1 and 2" },
  { at: "transform/", imports: ["crypt/"], rule: "rules 1 and 4" },
  { at: "decoder/", imports: ["crypt/"], rule: "rule 2" },
  { at: "sign/", imports: ["transport/"] },
  {
    at: "copy/",
    imports: [
      "transport/transport.ts",
      "transport/attachments.ts",
      "transport/backoff.ts",
      "transform/layer-transform.ts",
    ],
    rule: "rules 1 and 4",
    partRule: "rule 3",
  },
  { at: "policy/", imports: ["transport/", "sign/", "copy/"] },
  { at: "unpack/", imports: ["crypt/", "transport/", "copy/"] },
  { at: "runtime/", imports: ["crypt/", "transport/", "decoder/", "sign/", "policy/", "unpack/"] },
  {
    at: "operations/",
    imports: ["crypt/", "transport/", "transform/", "sign/", "copy/", "policy/", "unpack/", "runtime/"],
  },
  { at: "doors/", imports: "all" },
  // The command line has the library's doors, and the tables of what can be named on it.
  {
    at: "cli/",
    ground: [
      "errors.ts",
      "progress.ts",
      "process/child-environment.ts",
      "oci/signature-formats.ts",
      "files/machine.ts",
    ],
    imports: [
      "doors/",
      "crypt/schemes/index.ts",
      "keys/foreign-form.ts",
      "runtime/node/configs/rows.ts",
      "sign/kinds.ts",
      "transport/references.ts",
      "transport/rows.ts",
    ],
    rule: "rule 5",
  },
];

/** Rule 6: which packages src/ imports, and where alone. */
const homes = {
  "@grpc/grpc-js": ["crypt/schemes/provider/"],
  "@grpc/proto-loader": ["crypt/schemes/provider/"],
  "@noble/ciphers": ["sign/sigstore/"],
  cborg: ["sign/notary/"],
  chalk: ["cli/"],
  commander: ["cli/"],
  "fastest-levenshtein": ["cli/habits/"],
  fzstd: ["bytes/"],
  "age-encryption": ["crypt/schemes/age/"],
  "bcrypt-pbkdf": ["keys/ssh/"],
  jose: ["crypt/schemes/jwe/"],
  ora: ["cli/"],
  openpgp: ["crypt/schemes/pgp/", "keys/pgp/", "sign/gpg/"],
  pkcs11js: ["keys/pkcs11/"],
  protobufjs: ["decoder/"],
  "smol-toml": ["files/"],
  "tar-stream": ["tar/"],
  undici: ["transport/registry/"],
  yaml: ["keys/pkcs11/", "transport/registry/config/registries-d.ts"],
};

/** How many folders deep a file can lie below its row's; in one that lies deeper, no import upward is let pass. */
const depth = 4;

/**
 * The rules as overrides of biome.json, of which the last one that fits a file counts: what lies within another area comes
 * after it. Throws where a row imports what does not stand above it, or a home lies in no row.
 */
export function importOverrides(table) {
  const rows = completeRows(table);
  const homes = Object.entries(table.homes);
  const places = homes.flatMap(([, where]) => where).filter((at) => !rows.some((row) => row.at === at));
  const areas = [...new Set([...rows.map(({ at }) => at), ...places])];
  const packagesOf = (at) => forbiddenPackages(homes.filter(([, where]) => !where.some((home) => holds(home, at))));
  return [
    override("src/**", [unknownFolder, ...forbiddenPackages(homes)]),
    ...areas
      .sort((one, other) => breadth(one) - breadth(other))
      .flatMap((at) =>
        globs(at).map(({ glob, up }) => override(glob, [...arrows(rowOf(at, rows), up), ...packagesOf(at)])),
      ),
  ];
}

const unknownFolder = {
  group: ["../**"],
  message: "rule 1: this folder has no row in scripts/lint-table.js, or lies too deep",
};

/** Every row with all that it may import. */
function completeRows(table) {
  const rows = table.ground.map((at, index) => ({ at, allowed: table.ground.slice(0, index), rule: "rule 1" }));
  for (const { at, ground: below = table.ground, imports, rule = "rule 1", partRule } of table.layers) {
    const above = rows.map((row) => row.at);
    const allowed = imports === "all" ? above : [...below, ...imports];
    for (const name of allowed) {
      if (!above.some((row) => holds(row, name))) throw new Error(`${at} imports ${name}, which has no row above it`);
    }
    rows.push({ at, allowed, rule, partRule });
  }
  return rows;
}

function rowOf(at, rows) {
  const row = rows.find((candidate) => candidate.at === at) ?? rows.find((candidate) => holds(candidate.at, at));
  if (row === undefined) throw new Error(`${at} lies in no row`);
  return row;
}

/** What a file of a row must not import of src/, `up` being the way to it from there. */
function arrows({ at, allowed, rule, partRule }, up) {
  const specifier = (name) => `${up}${name.replace(/\.ts$/, ".js").replace(/\/$/, "/**")}`;
  const parts = partRule === undefined ? [] : allowed.filter((name) => /\/./.test(name));
  const folders = [...grouped(parts, (name) => `${name.split("/")[0]}/`)];
  const excepted = [...allowed, ...folders.map(([folder]) => folder), ...(at.includes("*") ? [at] : [])];
  return [
    {
      group: [`${up}**`, ...excepted.map((name) => `!${specifier(name)}`)],
      message: `${rule}: ${at} imports ${listed(allowed)}`,
    },
    ...folders.map(([folder, files]) => ({
      group: [specifier(folder), ...files.map((name) => `!${specifier(name)}`)],
      message: `${partRule}: ${at} imports of ${folder} ${listed(files)} alone`,
    })),
  ];
}

function forbiddenPackages(entries) {
  if (entries.length === 0) return [];
  const any = `{${entries.map(([name]) => name).join(",")}}`;
  return [{ group: [any, `${any}/**`], message: "rule 6: this package has another home" }];
}

/** One for each depth at which an area has files, with the way from there to src/. */
function globs(at) {
  if (!at.endsWith("/")) return [{ glob: `src/${at}`, up: wayUp(at.split("/").length - 1) }];
  const top = at.split("/").length - 1;
  return Array.from({ length: depth }, (_, below) => {
    return { glob: `src/${at}${"*/".repeat(below)}*.ts`, up: wayUp(top + below) };
  });
}

function wayUp(count) {
  return count === 0 ? "./" : "../".repeat(count);
}

/** Whether an area is another, or lies in it. */
function holds(area, at) {
  if (area.endsWith("/")) return at.startsWith(area);
  return area === at || (area === "*.ts" && !at.includes("/"));
}

/** Grows with each folder that an area lies in; the wildcard stands before every single file. */
function breadth(at) {
  return at.includes("*") ? 0 : at.split("/").length;
}

function listed(names) {
  if (names.length < 2) return names[0] ?? "nothing";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function override(glob, patterns) {
  const rule = { level: "error", options: { patterns } };
  return { includes: [glob], linter: { rules: { style: { noRestrictedImports: rule } } } };
}

/** Throws where a package of package.json has no home, or the other way round. */
function checkHomes() {
  const { dependencies, optionalDependencies } = packageFile();
  const known = Object.keys({ ...dependencies, ...optionalDependencies });
  const wrong = [...known, ...Object.keys(homes)].filter((name) => !known.includes(name) || !(name in homes));
  if (wrong.length > 0) throw new Error(`not both a dependency in package.json and a row here: ${wrong.join(", ")}`);
}

function packageFile() {
  return JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  checkHomes();
  const lines = importOverrides({ ground, layers, homes }).map((entry) => `  ${JSON.stringify(entry)}`);
  generatedFile("biome.imports.json", `{ "overrides": [\n${lines.join(",\n")}\n] }\n`, "make format");
}
