import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { makeSealedLayout, type SealedLayout } from "../../support/images/sealed-layout.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const passphrase = "Xq7-passphrase-that-must-not-be-shown";
let image: SealedLayout;
let secrets: readonly string[];

before(async () => {
  image = await makeSealedLayout(scratch);
  const key = createPrivateKey(await readFile(join(scratch, "key.pem")));
  const jwk = key.export({ format: "jwk" });
  const encrypted = key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase });
  await writeFile(join(scratch, "encrypted.pem"), encrypted);
  await writeFile(join(scratch, "key.jwk"), JSON.stringify(jwk));
  await writeFile(join(scratch, "broken.jwk"), JSON.stringify({ ...jwk, p: "AA" }));
  await writeFile(
    join(scratch, "broken.pem"),
    (await readFile(join(scratch, "key.pem"), "utf8")).replace(/.{9}\n-----END/, "\n-----END"),
  );
  const lines = (await readFile(join(scratch, "key.pem"), "utf8")).split("\n").slice(1, -2);
  const members = [jwk.d, jwk.p, jwk.q, jwk.dp].filter((member) => member !== undefined);
  secrets = [
    passphrase,
    ...lines,
    ...members,
    ...members.map((member) => Buffer.from(member, "base64url").toString("hex")),
  ];
});

/** Command lines that end well, and others that fail at each point where a secret is at hand. */
const lines: readonly (readonly string[])[] = [
  ["-k", "encrypted.pem:env=SECRET"],
  ["-k", "key.jwk"],
  ["-k", "broken.jwk"],
  ["-k", "broken.pem"],
  ["-k", "encrypted.pem:pass=Xq7-wrong"],
  ["-k", "key.pem", "-l", "77"],
  ["-k", `absent.pem:${passphrase}`],
  ["-k", `absent.pem:pass=${passphrase}`],
  ["-k", "encrypted.pem:env=SECRET", "--command-timeout", "1ms"],
];

test("faults/45: no key and no passphrase appears in what is printed, with --debug, --json or progress lines", async (t) => {
  for (const line of lines) {
    for (const form of [["--debug", "--progress", "json"], ["--json", "--debug"], []]) {
      await t.test([...line.slice(0, 2), ...form].join(" "), async () => {
        const args = ["decrypt", ...line, ...form, "oci:sealed:app", "oci:opened:app"];
        const { stdout, stderr } = await image.run(args, { env: { SECRET: passphrase } });
        for (const secret of secrets) assert.ok(!`${stdout}${stderr}`.includes(secret), stderr);
      });
    }
  }
});

/** Where a reference is read, and where one may stand by mistake. `IMAGE` is one with credentials in it. */
const referenceLines: readonly string[] = [
  "inspect docker://IMAGE",
  "inspect IMAGE",
  "list-tags docker://IMAGE",
  "delete docker://IMAGE",
  "delete IMAGE",
  "pull IMAGE",
  "pull https://IMAGE",
  "push IMAGE",
  "push docker://IMAGE",
  "push oci:sealed:app IMAGE",
  "copy docker://IMAGE oci:x:y",
  "copy oci:sealed:app docker://IMAGE",
  "copy oci:sealed:app docker-archive:x.tar:IMAGE",
  "tag app:1 IMAGE",
  "rm IMAGE",
  "login --username alice --password-stdin IMAGE",
  "login --get-login https://IMAGE",
  "logout IMAGE",
  "sign --by sigstore:key.pem --identity IMAGE oci:sealed:app",
  "IMAGE",
];

test("a password in a reference is in no error, with --debug or --json either", async () => {
  for (const line of referenceLines) {
    const args = line.replace("IMAGE", "user:hunter3SECRET@localhost:1/app:one").split(" ");
    const forms = ["--debug", "--json"].map((form) => image.run([...args, form], { input: "word" }));
    for (const { stdout, stderr, status } of await Promise.all(forms)) {
      assert.ok(status > 0 && stderr.includes("***@localhost"), `${line}: ${stderr}`);
      assert.ok(!`${stdout}${stderr}`.includes("SECRET"), stderr);
    }
  }
});
