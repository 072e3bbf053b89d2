import { join } from "node:path";
import { ociEncProgram } from "../support/process/oci-enc.js";
import { type Peer, run } from "../support/process/peer.js";
import { startDockerRegistry } from "../support/registry/docker-registry.js";
import { writeBenchImage } from "./bench-image.js";
import { measure, median } from "./measure.js";

/** What changing the recipients of an image on docker-registry took, in seconds. */
export interface RecipientsResult {
  readonly mib: number;
  readonly add: number;
  readonly remove: number;
  /** Decrypting with skopeo to a layout, and encrypting for two from there; undefined where there is no skopeo. */
  readonly skopeo: number | undefined;
}

/** Where to work, and what with. */
export interface RecipientsBench {
  readonly scratch: string;
  readonly mib: number;
  readonly runs: number;
  readonly publicKey: string;
  readonly privateKey: string;
  readonly skopeo: Peer | undefined;
}

/** Adds a recipient to an image of one layer on docker-registry and removes it again, beside doing the same with skopeo. */
export async function benchRecipients(bench: RecipientsBench): Promise<RecipientsResult> {
  const { scratch, mib, runs, publicKey, privateKey, skopeo } = bench;
  await using registry = await startDockerRegistry("open");
  const image = `docker://${registry.host}/bench:1`;
  const directory = join(scratch, "recipients");
  await writeBenchImage({ directory, layers: 1, mib, content: "random" });
  const own = (...args: readonly string[]) => measure(process.execPath, [ociEncProgram, ...args, "--quiet"]);
  const other = join(scratch, "other");
  await own("key", "generate", "--out", other);
  await own("encrypt", "-r", `jwe:${publicKey}`, `oci:${directory}:bench`, image);
  const [adds, removes, both]: [number[], number[], number[]] = [[], [], []];
  for (let turn = 0; turn < runs; turn += 1) {
    adds.push((await own("recipients", "add", "-k", privateKey, "-r", `jwe:${other}.pub.pem`, image)).wall);
    removes.push((await own("recipients", "remove", "--index", "1", image)).wall);
    if (skopeo) both.push(await anewWithSkopeo(skopeo, { ...bench, image, other: `${other}.pub.pem` }));
  }
  const anew = both.length === 0 ? undefined : median(both);
  return { mib, add: median(adds), remove: median(removes), skopeo: anew };
}

async function anewWithSkopeo(
  skopeo: Peer,
  {
    image,
    other,
    scratch,
    publicKey,
    privateKey,
  }: RecipientsBench & { readonly image: string; readonly other: string },
): Promise<number> {
  const opened = `oci:${join(scratch, "opened")}:bench`;
  const common = ["copy", "--quiet", "--insecure-policy", "--src-tls-verify=false", "--dest-tls-verify=false"];
  const start = performance.now();
  for (const args of [
    ["--decryption-key", privateKey, image, opened],
    ["--encryption-key", `jwe:${publicKey}`, "--encryption-key", `jwe:${other}`, opened, image.replace(/:1$/, ":2")],
  ]) {
    const { status, stderr } = await run(skopeo, [...common, ...args]);
    if (status !== 0) throw new Error(`skopeo ended with ${status}: ${stderr}`);
  }
  return (performance.now() - start) / 1000;
}
