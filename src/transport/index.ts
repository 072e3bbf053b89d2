import { gatedSource } from "./gated-source.js";
import { parseReference } from "./references.js";
import type { EndpointOptions, ImageSource, ImageTarget } from "./transport.js";

/** Opens what a reference names for reading. USAGE when it makes no sense; what the transport throws. */
export async function openSource(reference: string, options: EndpointOptions = {}): Promise<ImageSource> {
  const { gate, transports } = options;
  const { row, locator } = parseReference(reference, transports);
  const source = await (await row.load()).openSource(locator, options);
  return gate ? gatedSource(source, { reference, transports }, gate) : source;
}

/** Opens what a reference names for writing. Codes as above. */
export async function openTarget(reference: string, options: EndpointOptions = {}): Promise<ImageTarget> {
  const { row, locator } = parseReference(reference, options.transports);
  return await (await row.load()).openTarget(locator, options);
}
