import { choice, type Flag } from "../../options/flag.js";

/** What becomes of the platforms that `--platform` leaves out, where the others are changed. */
export const otherPlatforms: Flag<"keep" | "drop"> = choice(
  {
    name: "other-platforms",
    about: "what becomes of the platforms that --platform leaves out",
    group: "Layers and platforms:",
  },
  ["keep", "drop"],
);
