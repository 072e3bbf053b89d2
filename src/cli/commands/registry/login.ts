import type { LoginTarget } from "../../../doors/transport.js";
import { OciEncError } from "../../../errors.js";
import type { ProgressEvent } from "../../../progress.js";
import { type Flag, toggle } from "../../options/flag.js";
import { readHosts, readRegistry } from "../../options/registry/registry.js";
import { eitherSide, loginPassword, registryFlags } from "../../options/registry/registry-flags.js";
import type { Command, Invocation, Report } from "../command.js";

const getLogin: Flag<boolean> = toggle({
  name: "get-login",
  about: "print who one is logged in as, and do nothing else",
  group: "Output:",
});

/** As other commands take it, and as docker and podman write it. */
const username: Flag<string | undefined> = { ...eitherSide.username, short: "u", everyday: true };

const passwordStdin: Flag<boolean> = { ...eitherSide.passwordStdin, everyday: true };

/** What every command with a registry takes, where two options have another form here. */
const loginFlags = registryFlags.map(
  (flag) => [username, passwordStdin].find(({ name }) => name === flag.name) ?? flag,
);

/** `login [REGISTRY]`. */
export const login: Command = {
  arguments: [
    { name: "REGISTRY", names: "name", about: "HOST[:PORT], or a repository of it; default docker.io", optional: true },
  ],
  flags: [...loginFlags, loginPassword, getLogin],
  conflicts: [
    [getLogin, username],
    [getLogin, eitherSide.creds],
    [loginPassword, passwordStdin],
  ],
  needs: [[loginPassword, username]],
  examples: [
    "oci-enc login -u alice registry.example",
    "oci-enc login --username alice --password-stdin registry.example < password",
    "oci-enc login --get-login registry.example",
  ],
  run: (invocation) => (invocation.options.get(getLogin) ? showLogin(invocation) : logIn(invocation)),
};

async function showLogin(invocation: Invocation): Promise<Report> {
  const { loggedInAs } = await import("../../../doors/transport.js");
  const asked = invocation.arguments[0] ?? "docker.io";
  const authFile = invocation.options.get(eitherSide.authfile);
  const found = await loggedInAs(asked, { registry: { authFile, hosts: readHosts(invocation) } });
  if (found.username === undefined) throw new OciEncError("NOT_FOUND", `not logged in to ${JSON.stringify(asked)}`);
  return { kind: "report", document: loginDocument(found.place, found.username, []), text: found.username };
}

async function logIn(invocation: Invocation): Promise<Report> {
  const transports = await import("../../../doors/transport.js");
  const { signal, progress } = invocation;
  if (invocation.options.typed(loginPassword)) progress(passwordVisible);
  const registry = await readRegistry(invocation);
  const { credentials } = registry;
  if (!credentials) {
    throw new OciEncError("USAGE", "no user name is given", {
      hint: "give --username; the password is then asked for, or read with --password-stdin",
    });
  }
  const options = { registry, signal, progress };
  const { place, places } = await transports.login(invocation.arguments[0] ?? "docker.io", credentials, options);
  for (const where of places) invocation.info(`kept in ${where}`);
  const name = credentials.kind === "password" ? credentials.username : "<token>";
  return { kind: "report", document: loginDocument(place, name, places), text: "", writes: true };
}

const passwordVisible: ProgressEvent = {
  type: "warning",
  code: "PASSWORD_VISIBLE",
  message: "the password is an argument, which every process on this machine can see; use --password-stdin",
};

function loginDocument(place: LoginTarget, name: string, places: readonly string[]): object {
  return { registry: place.host, repository: place.repository ?? null, username: name, places };
}
