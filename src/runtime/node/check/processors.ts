import { encryptedLayers, processorIds, type StreamProcessor, tarLayer } from "../stream-processors.js";
import type { ContainerdConfig } from "./containerd-config.js";
import { good, type NodeFinding, warning, wrong } from "./finding.js";

const print = "oci-enc runtime config prints what is needed";

/** Which of containerd's stream processors gets which encrypted layer. */
export function checkProcessors(config: ContainerdConfig): readonly NodeFinding[] {
  const where = JSON.stringify(config.path);
  const findings = encryptedLayers.flatMap((mediaType) => checkMediaType(mediaType, config));
  for (const [id, { returns }] of decoders(config)) {
    if ([tarLayer, `${tarLayer}+gzip`].includes(returns)) continue;
    const message = `the processor ${id} returns ${JSON.stringify(returns)}, which containerd does not unpack`;
    findings.push(wrong("processors", message, `returns = ${JSON.stringify(`${tarLayer}+gzip`)}; ${print}`));
  }
  if (config.files.length === 0) {
    const message = `${where} does not exist: containerd's built-in processors accept gzip and uncompressed layers`;
    return [warning("processors", message, `for zstd layers write one: ${print}`)];
  }
  return findings.length > 0 ? findings : [good("processors", `${where} has both: gzip, zstd and uncompressed layers`)];
}

/** The stream processors that decrypt layers, with their ids. */
export function decoders({ processors }: ContainerdConfig): readonly (readonly [id: string, StreamProcessor])[] {
  return [...processors].filter(([, { accepts }]) => accepts.some((mediaType) => encryptedLayers.includes(mediaType)));
}

function checkMediaType(mediaType: string, { processors, path }: ContainerdConfig): readonly NodeFinding[] {
  const takers = [...processors].filter(([, { accepts }]) => accepts.includes(mediaType));
  const [first] = takers;
  const short = mediaType.slice(tarLayer.length - "tar".length);
  if (first === undefined) {
    const message = `${short} layers are not accepted by any stream processor`;
    if (!short.includes("zstd")) return [wrong("processors", message, print)];
    return [warning("processors", message, `add them to the entry tar.gzip: ${print}`)];
  }
  if (takers.some(([, one]) => !isSame(one, first[1]))) {
    const ids = takers.map(([id]) => id).join(" and ");
    const message = `${ids} accept ${short} layers, and containerd takes one of them by chance with each start`;
    const other = takers.map(([id]) => id).find((id) => !processorIds.includes(id)) ?? ids;
    const remedy = `give the entry ${other} in ${JSON.stringify(path)} the id of the other, which is built in`;
    return [wrong("processors", message, remedy)];
  }
  if (takers.every(([id]) => !processorIds.includes(id))) {
    const message = `${first[0]} accepts ${short} layers, and clients send their payload to the two usual ids alone`;
    return [warning("processors", message, `accept them under ${processorIds[1]}: ${print}`)];
  }
  return [];
}

/** Whether it does not matter which of two is started. */
function isSame(one: StreamProcessor, other: StreamProcessor): boolean {
  const started = ({ path, args, env }: StreamProcessor) => JSON.stringify([path, args, env]);
  return started(one) === started(other);
}
