import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { threeLayers, writeLayout } from "../../support/images/sample-layout.js";
import { exits } from "../../support/process/exits.js";
import { ociEnc } from "../../support/process/oci-enc.js";
import { noDockerRegistry, startDockerRegistry } from "../../support/registry/docker-registry.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();
const env = {
  HOME: scratch,
  XDG_CONFIG_HOME: undefined,
  XDG_RUNTIME_DIR: undefined,
  OCI_ENC_STORE: join(scratch, "store"),
};

/** An address of this machine that is not its loopback, for which plain HTTP has to be asked for. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address;

function configured(name: string, text: string): string {
  const path = join(scratch, `${name}.toml`);
  writeFileSync(path, text, { mode: 0o644 });
  return path;
}

const cli = (line: string, configuration: string, status = 0, more: NodeJS.ProcessEnv = {}) =>
  exits(
    status,
    ociEnc(line.split(" "), { cwd: scratch, env: { ...env, OCI_ENC_CONFIG_FILE: configuration, ...more } }),
  );

await writeLayout(join(scratch, "plain"), threeLayers);

test("certificates: cert-dir and tls-verify hold for their host alone, and what is typed counts more", {
  skip: noDockerRegistry,
}, async () => {
  await using registry = await startDockerRegistry("tls");
  const certs = join(scratch, "certs");
  mkdirSync(certs);
  writeFileSync(join(certs, "ca.crt"), registry.authority ?? "");
  mkdirSync(join(scratch, "no-certs"));
  const trusted = configured("trusted", `[registry."${registry.host}"]\ncert-dir = "certs"\n`);
  const lax = configured("lax", `[registry."${registry.host}"]\ntls-verify = false\n`);
  const other = configured(
    "other",
    '[registry."127.0.0.1:1"]\ntls-verify = false\n[registry."127.0.0.1"]\ntls-verify = false\n',
  );
  const image = `docker://${registry.host}/app:1`;
  await cli(`copy --retry-times 0 oci:plain ${image}`, "none", 5);
  await cli(`copy --retry-times 0 oci:plain ${image}`, other, 5);
  await cli(`copy oci:plain ${image}`, trusted);
  await cli(`inspect ${image}`, lax);
  await cli(`inspect --retry-times 0 --tls-verify=true ${image}`, lax, 5);
  await cli(`inspect --retry-times 0 ${image}`, lax, 5, { OCI_ENC_TLS_VERIFY: "1" });
  await cli(`inspect --retry-times 0 --cert-dir no-certs ${image}`, trusted, 5);
  await cli(`copy ${image} docker://${registry.host}/app:2`, trusted);
  await cli(`copy --retry-times 0 --src-tls-verify=true ${image} docker://${registry.host}/app:2`, lax, 5);
  await cli(`list-tags ${registry.host}/app`, trusted);
});

test("credentials: authfile of a host is written by login, read by all, and named where it is missing", {
  skip: noDockerRegistry,
}, async () => {
  await using registry = await startDockerRegistry("htpasswd");
  const { host, username, password } = registry;
  const own = configured("own", `[registry."${host}"]\nauthfile = "own.json"\n`);
  const nobody = configured("nobody", `[registry."${host}"]\nno-creds = true\n`);
  const image = `docker://${host}/app:1`;
  const missing = await cli(`copy oci:plain ${image}`, own, 2);
  assert.match(missing.stderr, /own\.json" cannot be used: there is no such file/);
  await cli(`login --creds ${username}:${password} ${host}`, own);
  assert.ok(readFileSync(join(scratch, "own.json"), "utf8").includes(host));
  assert.equal((await cli(`login --get-login ${host}`, own)).stdout.trim(), username);
  await cli(`login --get-login ${host}`, "none", 3);
  await cli(`copy oci:plain ${image}`, own);
  await cli(`inspect ${image}`, "none", 4);
  await cli(`login --creds ${username}:${password} ${host}`, "none");
  await cli(`inspect ${image}`, "none");
  await cli(`inspect ${image}`, nobody, 4);
  await cli(`inspect --creds ${username}:${password} ${image}`, nobody);
  await cli(`inspect --authfile own.json ${image}`, nobody);
  await cli(`inspect ${image}`, nobody, 0, { OCI_ENC_NO_CREDS: "0" });
  await cli(`logout ${host}`, own);
  assert.ok(!readFileSync(join(scratch, "own.json"), "utf8").includes(host));
});

test("plain HTTP: a host that the file says so of is spoken to without TLS, by a mirror too", {
  skip: noDockerRegistry || (address === undefined && "this machine has no address beside its loopback"),
}, async () => {
  await using registry = await startDockerRegistry("open");
  const port = Number(registry.host.split(":")[1]);
  const relay = createServer((socket) => {
    const onward = connect(port, "127.0.0.1");
    socket.pipe(onward).pipe(socket);
    socket.on("error", () => onward.destroy());
    onward.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, address, resolve));
  try {
    const { port: open } = relay.address() as AddressInfo;
    const host = `${address}:${open}`;
    const plain = configured("plain", `[registry."${host}"]\nplain-http = true\n`);
    await cli(`copy --retry-times 0 oci:plain docker://${host}/app:1`, "none", 5);
    await cli(`copy oci:plain docker://${host}/app:1`, plain);
    await cli(`inspect --retry-times 0 docker://${host}/app:1`, plain, 5, { OCI_ENC_PLAIN_HTTP: "0" });
    writeFileSync(
      join(scratch, "mirrors.conf"),
      `[[registry]]\nprefix = "registry.invalid"\nlocation = "registry.invalid"\n[[registry.mirror]]\nlocation = "${host}"\n`,
    );
    await cli("inspect --registries-conf mirrors.conf docker://registry.invalid/app:1", plain);
  } finally {
    relay.close();
  }
});
