import { isSecretName } from "../oci/secret-name.js";

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a program is started for. */
export type ChildKind =
  | "key provider"
  | "key fetcher"
  | "credential helper"
  | "signing command"
  | "gpg"
  | "runtime"
  | "system tool";

/** A program that is about to be started. */
export interface Child {
  readonly kind: ChildKind;
  /** Its name or path: some are the client of a service. */
  readonly program: string;
}

/**
 * What a program that is started gets of `from`, which is this process's environment by default. No program gets
 * oci-enc's own secrets: `OCI_ENC_*`, `COSIGN_PASSWORD`, and what {@link withholdFromChildren} was told. Credentials of
 * services go to those that {@link rules} say need them; everything else goes to all but small tools of the system,
 * which get `PATH` alone.
 */
export function childEnvironment(child: Child, from: Environment = process.env): Record<string, string> {
  const rule = rules[child.kind];
  const client = nameOf(child.program);
  const passed = Object.entries(from).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && passes(entry[0], rule, client),
  );
  return { ...Object.fromEntries(passed), ...rule.always };
}

/** From now on no program that is started gets this variable, which holds a passphrase. */
export function withholdFromChildren(name: string): void {
  withheld.add(name);
}

const withheld = new Set<string>();

/** `COSIGN_PASSWORD` is here for the library and the decoder: the command line withholds what kinds of keys declare. */
const own = /^(?:OCI_ENC_.*|COSIGN_PASSWORD)$/i;

interface Rule {
  /** Credentials of which services it gets, beside those of the service whose client it is. */
  readonly credentials: "of any service" | "but of registries" | "none";
  /** The only variables that it gets. Undefined: any. */
  readonly only?: readonly string[];
  /** Set in any case. */
  readonly always?: Readonly<Record<string, string>>;
}

/** A row a kind. docs/spec/command-line.md has the same table. */
const rules: Readonly<Record<ChildKind, Rule>> = {
  "key provider": { credentials: "but of registries" },
  "key fetcher": { credentials: "but of registries" },
  "credential helper": { credentials: "of any service" },
  // What the caller names to sign with is the client of a signing service, or calls one.
  "signing command": { credentials: "but of registries" },
  gpg: { credentials: "none" },
  runtime: { credentials: "none" },
  "system tool": { credentials: "none", only: ["PATH"], always: { LC_ALL: "C" } },
};

interface Service {
  readonly variables: RegExp;
  /** Programs that speak with it. */
  readonly clients: readonly string[];
}

/** Services whose variables all count as credentials, whatever the rest of their names says. */
const services: readonly Service[] = [
  { variables: /^AWS_/i, clients: ["aws", "aws-kms-pkcs11"] },
  { variables: /^(?:AZURE|ARM|MSI|IDENTITY)_/i, clients: ["az"] },
  { variables: /^(?:GOOGLE|GCLOUD|GCP|CLOUDSDK)_/i, clients: ["gcloud"] },
  { variables: /^(?:VAULT|BAO)_/i, clients: ["vault", "bao"] },
  { variables: /^(?:ALIBABA_CLOUD|ALIBABACLOUD|ALICLOUD)_/i, clients: ["aliyun"] },
  { variables: /^IBMCLOUD_/i, clients: ["ibmcloud"] },
  { variables: /^OCI_CLI_/i, clients: ["oci"] },
  { variables: /^OP_(?:SERVICE_ACCOUNT|CONNECT|SESSION)_/i, clients: ["op"] },
];

/** What logs in at a registry: a forge's token does, too. */
const registries =
  /^(?:(?:.*_)?REGISTRY_.*|(?:DOCKER|DOCKERHUB|PODMAN|QUAY|GHCR|HARBOR|NOTATION|ORAS|SKOPEO|BUILDAH|CR|ACR|ECR|GCR)_.*|(?:GITHUB|GH|GITLAB|CI|CI_JOB|CI_DEPLOY)_(?:TOKEN|PAT|PASSWORD|JOB_TOKEN))$/i;

/** Of the names above, those that tell where something is, and no secret. */
const places = /_(?:FILE|DIR|DIRECTORY|HOST|PATH|CONFIG|CERT_PATH|CONTEXT|VERSION|IMAGE|USER|USERNAME)$/i;

function passes(name: string, { credentials, only }: Rule, client: string): boolean {
  if (own.test(name) || withheld.has(name) || only?.includes(name) === false) return false;
  if (credentials === "of any service") return true;
  if (isRegistrySecret(name)) return false;
  if (credentials === "but of registries") return true;
  const service = services.find(({ variables }) => variables.test(name));
  return service === undefined ? !isSecretName(name) : service.clients.includes(client);
}

function isRegistrySecret(name: string): boolean {
  if (/^(?:DOCKER_AUTH_CONFIG|(?:.*_)?REGISTRY_AUTH)$/i.test(name)) return true;
  return registries.test(name) && isSecretName(name) && !places.test(name);
}

/** `/usr/bin/aws` and `aws.exe` are `aws`. */
function nameOf(program: string): string {
  return (program.split(/[\\/]/).at(-1) ?? "").replace(/\.exe$/i, "").toLowerCase();
}
