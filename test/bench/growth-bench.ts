import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeManyImages } from "../support/images/many-images.js";
import { ociEncProgram } from "../support/process/oci-enc.js";
import { type Measurement, measure } from "./measure.js";

/** What commands took in a store of so many images. */
export interface GrowthResult {
  readonly images: number;
  /** By the command; `first` is the one that meets a store that others have written. */
  readonly took: Readonly<Record<string, Measurement>>;
}

/** Runs commands whose work is one image, and those whose work is all of them, in ever larger stores. */
export async function benchGrowth(scratch: string, publicKey: string): Promise<readonly GrowthResult[]> {
  const results: GrowthResult[] = [];
  for (const images of [100, 1_000, 10_000]) {
    const store = join(scratch, "growth");
    writeManyImages(store, images);
    const recipient = ["--recipient", `jwe:${publicKey}`, "--quiet"];
    const commands: Readonly<Record<string, readonly string[]>> = {
      "encrypt, first": ["encrypt", "app1:1", ...recipient],
      encrypt: ["encrypt", "app2:1", ...recipient],
      rm: ["rm", "app3:1"],
      images: ["images"],
      gc: ["gc"],
    };
    const took: Record<string, Measurement> = {};
    for (const [name, args] of Object.entries(commands)) {
      took[name] = await measure(process.execPath, [ociEncProgram, ...args, "--store", store]);
    }
    await rm(store, { recursive: true });
    results.push({ images, took });
  }
  return results;
}

/** A line for each command: processor seconds, by the number of images. */
export function growthLines(results: readonly GrowthResult[]): readonly string[] {
  const names = Object.keys(results[0]?.took ?? {});
  const row = (name: string, cells: readonly string[]) =>
    name.padEnd(16) + cells.map((cell) => cell.padEnd(8)).join("");
  return [
    "\nprocessor seconds in a store of so many images",
    row(
      "",
      results.map(({ images }) => String(images)),
    ),
    ...names.map((name) =>
      row(
        name,
        results.map(({ took }) => took[name]?.cpu?.toFixed(2) ?? "-"),
      ),
    ),
  ];
}
