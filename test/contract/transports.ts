import { join } from "node:path";
import type { EndpointOptions } from "../../src/transport/transport.js";

/** What the contract suite needs to know of a transport. */
export interface TransportRow {
  readonly name: string;
  /** A reference to an image of this name, in a scratch directory of the test. Its file or directory does not exist yet. */
  reference(directory: string, image: string): string;
  readonly options: (directory: string) => EndpointOptions;
  /** Whether it keeps indexes, and not single images only. */
  readonly indexes: boolean;
  /** Whether one place holds several images, so that a reference can move. */
  readonly several: boolean;
}

/** Every transport that both reads and writes. A new one gets a row here, and all of the suite. */
export const transportRows: readonly TransportRow[] = [
  {
    name: "oci",
    reference: (directory, image) => `oci:${join(directory, "layout")}:${image}`,
    options: () => ({}),
    indexes: true,
    several: true,
  },
  {
    name: "store",
    reference: (_directory, image) => image,
    options: (directory) => ({ store: join(directory, "store") }),
    indexes: true,
    several: true,
  },
  {
    name: "oci-archive",
    reference: (directory, image) => `oci-archive:${join(directory, "image.tar")}:${image}`,
    options: () => ({}),
    indexes: true,
    several: false,
  },
  {
    name: "docker-archive",
    reference: (directory, image) => `docker-archive:${join(directory, "image.tar")}:${image}`,
    options: () => ({}),
    indexes: false,
    several: false,
  },
  {
    name: "dir",
    reference: (directory) => `dir:${join(directory, "image")}`,
    options: () => ({}),
    indexes: true,
    several: false,
  },
];
