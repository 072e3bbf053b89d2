import type { LoginTarget } from "../../../doors/transport.js";
import { OciEncError } from "../../../errors.js";
import { type Flag, toggle } from "../../options/flag.js";
import { readRegistry } from "../../options/registry/registry.js";
import { eitherSide, registryFlags } from "../../options/registry/registry-flags.js";
import type { Command, Invocation, Report } from "../command.js";

const getLogin: Flag<boolean> = toggle({
  name: "get-login",
  about: "print who one is logged in as, and do nothing else",
  group: "Output:",
});

/** `login [REGISTRY]`. */
export const login: Command = {
  arguments: [
    { name: "REGISTRY", names: "name", about: "HOST[:PORT], or a repository of it; default docker.io", optional: true },
  ],
  flags: [...registryFlags, getLogin],
  conflicts: [
    [getLogin, eitherSide.username],
    [getLogin, eitherSide.creds],
  ],
  examples: [
    "oci-enc login --username alice registry.example",
    "oci-enc login --username alice --password-stdin registry.example < password",
    "oci-enc login --get-login registry.example",
  ],
  run: (invocation) => (invocation.options.get(getLogin) ? showLogin(invocation) : logIn(invocation)),
};

async function showLogin(invocation: Invocation): Promise<Report> {
  const { loggedInAs } = await import("../../../doors/transport.js");
  const asked = invocation.arguments[0] ?? "docker.io";
  const authFile = invocation.options.get(eitherSide.authfile);
  const { place, username } = await loggedInAs(asked, { registry: { authFile } });
  if (username === undefined) throw new OciEncError("NOT_FOUND", `not logged in to ${JSON.stringify(asked)}`);
  return { kind: "report", document: loginDocument(place, username, []), text: username };
}

async function logIn(invocation: Invocation): Promise<Report> {
  const transports = await import("../../../doors/transport.js");
  const registry = await readRegistry(invocation);
  const { credentials } = registry;
  if (!credentials) {
    throw new OciEncError("USAGE", "no user name is given", {
      hint: "give --username; the password is then asked for, or read with --password-stdin",
    });
  }
  const { signal, progress } = invocation;
  const options = { registry, signal, progress };
  const { place, places } = await transports.login(invocation.arguments[0] ?? "docker.io", credentials, options);
  for (const where of places) invocation.info(`kept in ${where}`);
  const username = credentials.kind === "password" ? credentials.username : "<token>";
  return { kind: "report", document: loginDocument(place, username, places), text: "", writes: true };
}

function loginDocument(place: LoginTarget, username: string, places: readonly string[]): object {
  return { registry: place.host, repository: place.repository ?? null, username, places };
}
