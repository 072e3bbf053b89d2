import { OciEncError } from "../../../src/errors.js";
import type { PolicyScopes, Transport, TransportRow } from "../../../src/transport/transport.js";
import { MemoryPlace } from "./memory-image.js";

/** A transport that keeps images in memory, by name: `memory:SHELF/NAME`. */
export interface MemoryTransport {
  readonly row: TransportRow;
  readonly place: MemoryPlace;
}

/** A fresh one, with nothing on it. */
export function memoryTransport(): MemoryTransport {
  const place = new MemoryPlace("memory:all");
  const transport: Transport = {
    openSource: async (locator) => ({ ...place.source(nameOf(locator)), name: `memory:${locator}` }),
    openTarget: async (locator) => ({ ...place.target(nameOf(locator)), name: `memory:${locator}` }),
  };
  const row: TransportRow = {
    prefixes: ["memory:"],
    title: "memory:",
    form: "memory:SHELF/NAME",
    named: false,
    remote: false,
    streams: false,
    encrypted: true,
    attachments: false,
    policy: { name: "memory", scopes: shelves },
    load: async () => transport,
  };
  return { row, place };
}

const shelves: PolicyScopes = { of: () => ["everything"], accepts: (scope) => scope === "everything" };

function nameOf(locator: string): string {
  if (/^[^/]+\/[^/]+$/.test(locator)) return locator;
  throw new OciEncError("USAGE", `memory: does not know ${JSON.stringify(locator)}`, {
    hint: "write memory:SHELF/NAME",
  });
}
