import { readFileSync } from "node:fs";

const weights = JSON.parse(readFileSync(new URL("model/weights.json", import.meta.url), "utf8"));
console.log(`the answer is ${weights.reduce((sum, weight) => sum + weight, 0)}`);
