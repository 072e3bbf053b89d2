import { copy, openSource, openTarget } from "oci-enc/transport";

// copy-archive SOURCE TARGET: both ends are opened by the caller; either may also be an object of your own
const [from = "", to = ""] = process.argv.slice(2);

await using source = await openSource(from);
await using target = await openTarget(to, { force: true });
const { digest } = await copy(source, target, { jobs: 2 });
console.log(`${source.name} is now at ${target.name} as ${digest}`);
