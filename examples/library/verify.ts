import { verifyImage } from "oci-enc";
import { publicKey } from "./key-files.js";

// verify IMAGE PUBLIC-KEY...: encrypted in every platform, and for nobody but these
const [image = "", ...allowed] = process.argv.slice(2);

const report = await verifyImage(image, { only: await Promise.all(allowed.map(publicKey)) });
for (const { id, verdict } of report.checks) console.log(`${verdict}: ${id}`);
process.exitCode = report.refusal?.exitStatus ?? 0;
