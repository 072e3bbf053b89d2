import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { judgeMembers } from "../../../../src/cli/output/document-members.js";
import { parseTemplate } from "../../../../src/cli/output/template.js";
import { documented, schemaDirectory } from "../../../support/schemas.js";

const judged = (template: string, command: string) => judgeMembers(parseTemplate(template), command);

test("every member of every published document can be named, in capitals too, and no other", () => {
  for (const name of documented) {
    const text = readFileSync(join(schemaDirectory, `${name.replaceAll(" ", "-")}.v1.json`), "utf8");
    const { properties }: { properties: Record<string, unknown> } = JSON.parse(text);
    for (const member of Object.keys(properties)) {
      judged(`{{.${member}}}`, name);
      judged(`{{json .${member.replace(/^./, (letter) => letter.toUpperCase())}}}`, name);
    }
    judged("{{json .}}", name);
    assert.throws(() => judged("{{.noSuchMember}}", name), /the document has no member "noSuchMember"/, name);
  }
});

test("members of lists, of choices and of definitions are followed", () => {
  for (const template of ["{{.layers.0.after.digest}}", "{{.Layers.12.Before.Size}}", "{{.warnings.0.code}}"])
    judged(template, "encrypt");
  for (const [template, place] of [
    ["{{.layers.first}}", ".layers has no member"],
    ["{{.layers.0.nothing}}", ".layers.0 has no member"],
    ["{{.layers.0.after.nothing}}", ".layers.0.after has no member"],
    ["{{.reference.nothing}}", ".reference has no member"],
  ] as const) {
    assert.throws(
      () => judged(template, "encrypt"),
      (error: Error) => error.message.includes(place),
      template,
    );
  }
});

test("a command without a schema is left to its document", () => {
  judged("{{.anything}}", "no-such-command");
});
