import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";

const { version }: { readonly version: string } = JSON.parse(readFileSync("package.json", "utf8"));

/** Instructions whose meaning these tests know. */
const known: ReadonlySet<string> = new Set([
  "FROM",
  "WORKDIR",
  "COPY",
  "RUN",
  "LABEL",
  "ENV",
  "USER",
  "ENTRYPOINT",
  "CMD",
]);

/** One stage: its instructions in their order. */
interface Stage {
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly { readonly word: string; readonly rest: string }[];
}

const stages = readStages(readFileSync("Containerfile", "utf8"));
const [build, final] = stages;

test("the Containerfile builds in one stage and is run from another, slimmer one, as a user", () => {
  assert.equal(stages.length, 2);
  assert.match(build?.base ?? "", /^docker\.io\/library\/node:24-/);
  assert.match(final?.base ?? "", /^docker\.io\/library\/node:24-.*-slim$/);
  assert.deepEqual(all(final, "RUN"), []);
  const [user = "", ...others] = all(final, "USER");
  assert.match(user, /^[1-9]\d*:[1-9]\d*$/);
  assert.deepEqual(others, []);
  assert.deepEqual(all(final, "ENTRYPOINT"), ['["oci-enc"]']);
});

test("the image is labelled with this version and licence", () => {
  const labels = new Map(
    all(final, "LABEL").map((text) => {
      const [, name = "", value = ""] = /^(\S+?)="(.*)"$/.exec(text) ?? [];
      return [name, value] as const;
    }),
  );
  assert.equal(labels.get("org.opencontainers.image.version"), version);
  assert.equal(labels.get("org.opencontainers.image.title"), "oci-enc");
  assert.equal(labels.get("org.opencontainers.image.licenses"), "Apache-2.0");
  assert.ok(labels.get("org.opencontainers.image.description"));
});

test("everything that is copied in exists, and nothing is run but what the Makefile offers", () => {
  for (const source of contextFiles()) assert.ok(existsSync(source), source);
  const commands = all(build, "RUN");
  assert.equal(commands.length, 1);
  for (const command of commands) {
    const [program, target = "", ...settings] = command.split(" ");
    assert.equal(program, "make");
    // Says what would be done, and does none of it: a target or a file that is not there is an error.
    execFileSync("make", ["--dry-run", target, ...settings], { stdio: "pipe" });
  }
});

test("what is copied out is where make install has put it, and is on the PATH", () => {
  const prefix = /\bPREFIX=(\S+)/.exec(all(build, "RUN").join("\n"))?.[1];
  assert.deepEqual(all(final, "COPY"), [`--from=${build?.name} ${prefix} ${prefix}`]);
  assert.deepEqual(all(final, "ENV"), [`PATH=${prefix}/bin:$PATH`]);
});

test("what is copied in is all that the build reads", () => {
  const compiler = join("node_modules", "typescript", "bin", "tsc");
  const options = ["-p", "tsconfig.build.json", "--listFilesOnly"];
  const listed = execFileSync(process.execPath, [compiler, ...options], { encoding: "utf8", maxBuffer: 2 ** 24 });
  const sources = listed.split("\n").filter((path) => path !== "" && !path.includes("/node_modules/"));
  const { scripts }: { readonly scripts: { readonly build: string } } = JSON.parse(
    readFileSync("package.json", "utf8"),
  );
  const named = scripts.build.split(" ").filter((word) => /\.(?:js|json)$/.test(word));
  const copied = contextFiles();
  for (const path of [...sources.map((file) => relative(process.cwd(), file)), ...named]) {
    assert.ok(
      copied.some((source) => path === source || path.startsWith(`${source}/`)),
      path,
    );
  }
});

/** The sources of COPY in the first stage: all but the last word. */
function contextFiles(): readonly string[] {
  return all(build, "COPY").flatMap((rest) => rest.split(" ").slice(0, -1));
}

function all(stage: Stage | undefined, word: string): readonly string[] {
  return (stage?.instructions ?? []).filter((line) => line.word === word).map(({ rest }) => rest);
}

function readStages(text: string): readonly Stage[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const instructions = lines.map((line) => {
    const [, word = "", rest = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    assert.ok(known.has(word), line);
    return { word, rest };
  });
  const starts = instructions.flatMap(({ word }, index) => (word === "FROM" ? [index] : []));
  assert.equal(starts[0], 0);
  return starts.map((start, index) => {
    const [base = "", , name] = instructions[start]?.rest.split(" ") ?? [];
    return { base, name, instructions: instructions.slice(start + 1, starts[index + 1]) };
  });
}
