import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KeyPairFiles, makeAuthority, type TestAuthority } from "../certificates/certificate.js";
import type { TestServer } from "./scripted-server.js";
import { startTokenIssuer } from "./strict/token-issuer.js";

/** Why tests over docker-registry are skipped; false when it is installed. */
export const noDockerRegistry: string | false = isInstalled()
  ? false
  : "docker-registry is not installed (apt-get install docker-registry)";

/** The four ways in which it is started. */
export type DockerRegistryKind = "open" | "htpasswd" | "tls" | "token";

/** A running docker-registry. */
export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly username: string;
  readonly password: string;
  /** With the same password, who may only pull: where there are tokens. */
  readonly reader: string;
  /** PEM of the authority to trust; undefined where TLS is not spoken. */
  readonly authority: string | undefined;
}

const password = "s3cret";
const username = "alice";
const reader = "bob";

/** Which one is started, and where its files lie; by default the machine's own, in a temporary directory. */
export interface DockerRegistryPlace {
  readonly program: string;
  readonly parent: string;
}

/** Starts one with an empty store of its own. */
export async function startDockerRegistry(
  kind: DockerRegistryKind,
  { program, parent }: DockerRegistryPlace = { program: "docker-registry", parent: tmpdir() },
): Promise<DockerRegistry> {
  const folder = mkdtempSync(join(parent, "oci-enc-registry-"));
  using authority = makeAuthority();
  const issuer = kind === "token" ? await startIssuer(authority, folder) : undefined;
  const port = await freePort();
  const files =
    kind === "tls" ? keepFiles(authority.issue({ names: "DNS:localhost,IP:127.0.0.1" }), folder) : undefined;
  writeFileSync(join(folder, "registry.yml"), configuration({ folder, port, kind, files, realm: issuer?.origin }));
  const child = spawn(program, ["serve", join(folder, "registry.yml")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await listening(child);
  return {
    host: `127.0.0.1:${port}`,
    username,
    password,
    reader,
    authority: kind === "tls" ? authority.certificate : undefined,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      await issuer?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Configuration {
  readonly folder: string;
  readonly port: number;
  readonly kind: DockerRegistryKind;
  readonly files: { readonly certificate: string; readonly key: string } | undefined;
  readonly realm: string | undefined;
}

function configuration({ folder, port, kind, files, realm }: Configuration): string {
  const lines = [
    "version: 0.1",
    "log: { level: info, accesslog: { disabled: true } }",
    `storage: { filesystem: { rootdirectory: ${folder}/data }, delete: { enabled: true } }`,
    `http: { addr: "127.0.0.1:${port}", secret: test${files ? `, tls: { certificate: ${files.certificate}, key: ${files.key} }` : ""} }`,
  ];
  if (kind === "htpasswd") {
    // perl's crypt knows bcrypt, and htpasswd of apache2-utils is rarely there.
    const hash = execFileSync("perl", ["-e", `print crypt("${password}", q($2y$05$abcdefghijklmnopqrstuu))`], {
      encoding: "utf8",
    });
    writeFileSync(join(folder, "htpasswd"), `${username}:${hash}\n`);
    lines.push(`auth: { htpasswd: { realm: test, path: ${folder}/htpasswd } }`);
  }
  if (kind === "token") {
    lines.push(
      `auth: { token: { realm: "${realm}/token", service: test, issuer: test, rootcertbundle: ${folder}/token.crt } }`,
    );
  }
  return `${lines.join("\n")}\n`;
}

async function startIssuer(authority: TestAuthority, folder: string): Promise<TestServer> {
  const signer = authority.issue({ names: "DNS:issuer" });
  writeFileSync(join(folder, "token.crt"), signer.certificate);
  return await startTokenIssuer({ username, reader, password, signer, service: "test", issuer: "test" });
}

/** The authority's directory goes before the registry does. */
function keepFiles(pair: KeyPairFiles, folder: string): { certificate: string; key: string } {
  const [certificate, key] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  writeFileSync(certificate, readFileSync(pair.certificateFile));
  writeFileSync(key, readFileSync(pair.keyFile));
  return { certificate, key };
}

async function listening(child: ChildProcess): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("listening on")) resolve();
    });
    child.once("exit", () => reject(new Error(`docker-registry did not start: ${said.slice(-2000)}`)));
  });
  child.stderr?.removeAllListeners("data").resume();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  return address.port;
}

function isInstalled(): boolean {
  try {
    execFileSync("docker-registry", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
