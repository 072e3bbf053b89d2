import type { SchemeSettings } from "../../keys/key-context.js";
import { thisMachine } from "../../transport/registry/http/environment.js";
import { checkContainers } from "./containers.js";
import { attempt, type Found, type MachineFinding } from "./finding.js";
import { checkGpg, checkPkcs11, checkProviders } from "./keys.js";
import {
  checkClock,
  checkConfiguration,
  checkNodeRelease,
  type ReadConfiguration,
  writtenFiles,
} from "./machine-checks.js";
import { checkStore, checkTmpdir } from "./places.js";
import { checkClasses, checkPolicy, checkTrustPolicy, type RuleFiles } from "./policies.js";
import { checkCertificates, checkCredentials, checkRegistriesConf } from "./registries.js";

/** Where to look; what is left out is what commands would take. */
export interface DoctorOptions {
  readonly configuration: ReadConfiguration;
  readonly store?: string | undefined;
  readonly tmpdir?: string | undefined;
  /** Files of credentials that are named, by an option or for a host. */
  readonly authFiles: readonly string[];
  readonly registriesConf?: string | undefined;
  readonly settings: SchemeSettings;
  readonly rules: RuleFiles;
}

/** One thing to look at. */
interface Check {
  readonly what: string;
  look(options: DoctorOptions): Promise<Found | readonly Found[]>;
}

/** Every check, in the order of the report. None needs the network. */
const checks: readonly Check[] = [
  { what: "node", look: async () => checkNodeRelease(process.versions.node, Date.now()) },
  { what: "clock", look: () => checkClock(Date.now(), writtenFiles) },
  { what: "configuration", look: async ({ configuration }) => checkConfiguration(configuration) },
  { what: "store", look: ({ store }) => checkStore(store) },
  { what: "tmpdir", look: ({ tmpdir }) => checkTmpdir(tmpdir) },
  { what: "credentials", look: ({ authFiles }) => checkCredentials(authFiles, thisMachine) },
  { what: "registries", look: ({ registriesConf }) => checkRegistriesConf(registriesConf, thisMachine) },
  { what: "certificates", look: () => checkCertificates(thisMachine) },
  { what: "policy", look: ({ rules }) => checkPolicy(rules) },
  { what: "trust-policy", look: ({ rules }) => checkTrustPolicy(rules) },
  { what: "classes", look: ({ rules }) => checkClasses(rules) },
  { what: "gpg", look: ({ settings }) => checkGpg(settings) },
  { what: "pkcs11", look: () => checkPkcs11(process.env) },
  { what: "key-providers", look: () => checkProviders(process.env) },
];

/**
 * Looks at what this machine has of what commands may need, one or more findings for each check. Changes nothing, asks no
 * registry, and does not throw for what it finds.
 */
export async function examineMachine(options: DoctorOptions): Promise<readonly MachineFinding[]> {
  const findings = checks.map(async ({ what, look }) => {
    const found = await attempt(() => look(options));
    return found.map((one) => ({ what, ...one }));
  });
  const all = await Promise.all(findings);
  return [...all.flat(), ...(await checkContainers())];
}
