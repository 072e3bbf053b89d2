import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { firstMissing, type Peer, run, systemPeer } from "../process/peer.js";

const buildah: Peer = systemPeer("buildah");
const busybox: Peer = systemPeer("busybox");

/** Why buildah cannot build an image from busybox here; false when it can. */
export const buildahMissing: string | false = firstMissing(buildah, busybox);

/** A real image of two layers, in each form that other tools save. */
export interface SavedImage {
  readonly oci: string;
  readonly ociArchive: string;
  readonly dockerArchive: string;
  /** Runs buildah where the image was built, under the name `localhost/app`; what it prints. */
  buildah(...args: readonly string[]): Promise<string>;
}

/** Builds an image from the static busybox with buildah, and saves it below `directory`. References are oci-enc's and skopeo's. */
export async function buildBusyboxImage(directory: string): Promise<SavedImage> {
  const storage = [
    "--root",
    join(directory, "storage"),
    "--runroot",
    join(directory, "run"),
    "--storage-driver",
    "vfs",
  ];
  const call = async (...args: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(buildah, [...storage, ...args]);
    if (status !== 0) throw new Error(`buildah ${args[0]} ended with ${status}: ${stderr}`);
    return stdout.trim();
  };
  const tree = join(directory, "tree");
  await mkdir(join(tree, "bin"), { recursive: true });
  await cp("/bin/busybox", join(tree, "bin", "busybox"));
  await mkdir(join(directory, "app"));
  await writeFile(join(directory, "app", "secret.txt"), "the recipe\n".repeat(500));

  const base = await call("from", "scratch");
  await call("copy", base, tree, "/");
  await call("commit", base, "base");
  const app = await call("from", "localhost/base");
  await call("copy", app, join(directory, "app"), "/app");
  await call("config", "--cmd", "/bin/busybox sh", app);
  await call("commit", app, "app");
  const saved = {
    oci: `oci:${join(directory, "layout")}:app`,
    ociArchive: `oci-archive:${join(directory, "app.oci.tar")}:app`,
    dockerArchive: `docker-archive:${join(directory, "app.docker.tar")}:localhost/app:1`,
  };
  for (const reference of Object.values(saved)) await call("push", "localhost/app", reference);
  return { ...saved, buildah: call };
}
