import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const docs = readdirSync("docs", { recursive: true, encoding: "utf8" });
const pages = [
  ...docs.filter((name) => name.endsWith(".md") && !name.startsWith("api")).map((name) => join("docs", name)),
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"],
];

test("every link from one page to another leads to a file, and to a heading where it names one", () => {
  const links = pages.flatMap((page) => linksIn(readFileSync(page, "utf8")));
  assert.ok(links.length > 40, `${links.length} links`);
  assert.deepEqual(
    pages.flatMap((page) => brokenIn(readFileSync(page, "utf8"), page)),
    [],
  );
});

test("a link to nowhere is found", () => {
  const text = "[a](docs/cli.md) [b](docs/absent.md) [c](docs/cli.md#exit-status) [d](docs/cli.md#absent) [e](#absent)";
  const absent = ["docs/absent.md", "docs/cli.md#absent", "#absent"];
  assert.deepEqual(
    brokenIn(text, "README.md"),
    absent.map((link) => `README.md: ${link}`),
  );
});

test("every page that a comment or a title names is there", () => {
  const files = ["src", "test", "examples", "scripts"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.[jt]s$/.test(name) && !name.startsWith("vectors"))
      .map((name) => join(folder, name)),
  );
  const named = files
    .filter((file) => file !== join("test", "docs", "links.test.ts"))
    .flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/(?<![\w/])docs\/[\w/.-]+\.md\b/g)].map(([page]) => page),
    );
  assert.ok(named.length > 10, `${named.length} pages`);
  assert.deepEqual(
    [...new Set(named)].filter((page) => !existsSync(page)),
    [],
  );
});

/** Without those to the web. */
function linksIn(text: string): readonly string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link).filter((link) => !/^[a-z]+:/.test(link));
}

function brokenIn(text: string, page: string): readonly string[] {
  return linksIn(text)
    .filter((link) => {
      const [path = "", heading] = link.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      if (!existsSync(file)) return true;
      return heading !== undefined && !headingsIn(readFileSync(file, "utf8")).includes(heading);
    })
    .map((link) => `${page}: ${link}`);
}

/** As forges make them: `## What it says` is `what-it-says`. */
function headingsIn(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-"),
  );
}
