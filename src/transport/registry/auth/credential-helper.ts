import { spawn } from "node:child_process";
import { OciEncError, systemCode } from "../../../errors.js";
import { childEnvironment } from "../../../process/child-environment.js";
import { noticeWaiting, type Progress } from "../../../progress.js";
import type { Credentials } from "../../registry-options.js";
import type { Environment } from "../http/environment.js";

/** Long enough for a person to unlock a keyring. */
export const defaultPatience = 60_000;
const outputLimit = 256 * 1024;

/** A `docker-credential-NAME` program, spoken to by docker's protocol: a verb as argument, the server on stdin. */
export interface CredentialHelper {
  /** Undefined when it has nothing for this server. DENIED when it is missing, fails, or answers nonsense. */
  get(server: string): Promise<Credentials | undefined>;
  /** Codes as for `get`. */
  store(server: string, credentials: Credentials): Promise<void>;
  /** That there was nothing to erase is no failure. Codes as for `get`. */
  erase(server: string): Promise<void>;
}

/** How a helper is waited for. */
export interface HelperOptions {
  /** Milliseconds; default one minute. */
  readonly patience?: number | undefined;
  readonly progress?: Progress | undefined;
}

/** The helper of that name; it is started for each call, without a shell. */
export function credentialHelper(
  name: string,
  environment: Environment,
  { patience = defaultPatience, progress }: HelperOptions = {},
): CredentialHelper {
  const run = (verb: string, input: string) => runHelper({ name, verb, input, environment, patience, progress });
  return {
    async get(server) {
      const answer = await run("get", server);
      if (answer === undefined) return undefined;
      const { Username: username, Secret: secret } = parseAnswer(answer, name);
      if (typeof username !== "string" || typeof secret !== "string")
        throw failed(name, "its answer lacks Username or Secret");
      if (username === "" && secret === "") return undefined;
      return username === "<token>"
        ? { kind: "identity-token", token: secret }
        : { kind: "password", username, password: secret };
    },
    async store(server, credentials) {
      if (credentials.kind === "registry-token")
        throw new OciEncError("UNSUPPORTED", "a registry token cannot be kept by a credential helper");
      const [Username, Secret] =
        credentials.kind === "password" ? [credentials.username, credentials.password] : ["<token>", credentials.token];
      await run("store", JSON.stringify({ ServerURL: server, Username, Secret }));
    },
    async erase(server) {
      await run("erase", server);
    },
  };
}

interface HelperCall {
  readonly name: string;
  readonly verb: string;
  readonly input: string;
  readonly environment: Environment;
  readonly patience: number;
  readonly progress: Progress | undefined;
}

/** What it prints; undefined when it says that it has no such credentials. */
async function runHelper(call: HelperCall): Promise<string | undefined> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(call.name)) throw failed(undefined, "its name is not one of a helper");
  const program = `docker-credential-${call.name}`;
  const child = spawn(program, [call.verb], {
    stdio: ["pipe", "pipe", "ignore"],
    env: childEnvironment({ kind: "credential helper", program }, call.environment.variables),
  });
  const ended = new Promise<{ code: number | null; failure: unknown }>((resolve) => {
    child.once("error", (failure) => resolve({ code: null, failure }));
    child.once("close", (code) => resolve({ code, failure: undefined }));
  });
  child.stdin.on("error", () => undefined); // It may exit without reading; its status tells.
  child.stdin.end(call.input);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (output.length > outputLimit) stop();
  });
  const stop = () => {
    child.kill("SIGKILL");
    child.stdout.destroy(); // What it has started may hold the other end for long.
  };
  const timer = setTimeout(stop, call.patience);
  using _ = noticeWaiting(`the credential helper${shownName(call.name)}`, call.progress);
  const { code, failure } = await ended;
  clearTimeout(timer); // spawn's own `timeout` would keep the process alive after a program that does not start.
  if (systemCode(failure) === "ENOENT") throw failed(call.name, "it is not installed");
  if (output.length > outputLimit) throw failed(call.name, "it prints without end");
  if (code === 0) return output;
  if (/credentials not found/i.test(output)) return undefined;
  throw failed(call.name, code === null ? "it did not answer in time" : `it failed with status ${code}`);
}

function parseAnswer(answer: string, name: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(answer);
    if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value));
  } catch {
    // The parser's message would quote a secret; what follows says as much as may be said.
  }
  throw failed(name, "its answer is not a JSON object");
}

/** The name comes out of a file of credentials; a long one may be another thing than a name. Undefined: it is not a name. */
function failed(name: string | undefined, why: string): OciEncError {
  return new OciEncError("DENIED", `the credential helper${shownName(name)} cannot be used: ${why}`, {
    hint: "repair it, take it out of the file of credentials, or use none with --no-creds",
  });
}

/** With a space before it. A name that is too long for one may be a secret that stands in its place: empty. */
export function shownName(name: string | undefined): string {
  return name === undefined || name.length > longestName ? "" : ` ${JSON.stringify(`docker-credential-${name}`)}`;
}

/** `secretservice` has 13. */
const longestName = 15;
