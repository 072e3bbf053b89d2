/** A program that is told to end and does not: it says when the first signal came, and waits. */
import { watchSignals } from "../../../src/cli/signals.js";

const { signal, status } = watchSignals();
signal.addEventListener("abort", () => console.log(`asked to end with ${status()}`));
setInterval(() => undefined, 1000);
console.log("ready");
