import type { Flag } from "../options/flag.js";
import { readSettings, settingFlags } from "../options/keys/key-flags.js";
import { store, tmpdir } from "../options/registry/endpoints.js";
import { readHosts } from "../options/registry/registry.js";
import { eitherSide, registriesConf } from "../options/registry/registry-flags.js";
import { readRuleFiles, ruleFileFlags } from "../options/signing/trust-flags.js";
import { spinning } from "../output/console/spinner.js";
import { machineReport, remedies } from "../output/findings/machine-report.js";
import type { Command, Invocation } from "./command.js";

const flags: readonly Flag<unknown>[] = [
  store,
  tmpdir,
  eitherSide.authfile,
  registriesConf,
  ...ruleFileFlags,
  ...settingFlags,
];

/** `doctor`. */
export const doctor: Command = {
  arguments: [],
  flags,
  configuration: "examined",
  examples: ["oci-enc doctor", "oci-enc doctor --json --store /srv/images"],
  async run(invocation) {
    const { options, info } = invocation;
    const { examineMachine } = await import("../../doors/machine.js");
    const examination = {
      configuration: { path: invocation.configuration?.path, failure: invocation.configurationFailure },
      store: options.get(store),
      tmpdir: options.get(tmpdir),
      authFiles: authFiles(invocation),
      registriesConf: options.get(registriesConf),
      settings: readSettings(options),
      rules: readRuleFiles(options),
    };
    const findings = await spinning("looking at this machine", options, () => examineMachine(examination));
    for (const line of remedies(findings)) info(line);
    return machineReport(findings, "this machine");
  },
};

/** An option names the only one; the configuration file may name one for each host. */
function authFiles(invocation: Invocation): readonly string[] {
  const given = invocation.options.get(eitherSide.authfile);
  if (given !== undefined) return [given];
  const named = [...(readHosts(invocation)?.values() ?? [])].flatMap(({ authFile }) => authFile ?? []);
  return [...new Set(named)];
}
