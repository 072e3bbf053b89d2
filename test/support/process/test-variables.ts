const names = [
  "OCI_ENC_PEERS",
  "OCI_ENC_PEERLESS",
  "OCI_ENC_GOLDEN",
  "OCI_ENC_TEST_FILES",
  "OCI_ENC_EDGES",
  "OCI_ENC_SEED",
] as const;

const taken = new Map(names.map((name) => [name, process.env[name]]));
for (const name of names) delete process.env[name];

/**
 * A variable that tells the tests how to run. It is taken out of the environment, so that no command inherits it, which would
 * warn of a variable that names no option.
 */
export function testVariable(name: (typeof names)[number]): string | undefined {
  return taken.get(name);
}
