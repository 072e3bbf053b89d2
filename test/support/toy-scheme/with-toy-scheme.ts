// For `node --import`: the program that is started has one more entry in its table of key schemes, as if it had been built
// with it. The product has no way to add one.
import { register } from "node:module";

const row = JSON.stringify(new URL("./row.js", import.meta.url).href);
const hooks = `
  export async function load(url, context, next) {
    if (!url.endsWith("/crypt/schemes/rows.js")) return next(url, context);
    const builtIn = JSON.stringify(url + "?built-in");
    const source = "import { rows as builtIn } from " + builtIn + "; import { toyRow } from " + ${JSON.stringify(row)} +
      "; export const rows = [...builtIn, toyRow];";
    return { format: "module", source, shortCircuit: true };
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
