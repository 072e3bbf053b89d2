/** A folder of the source, and where the tests are that should notice a change in it. */
export interface MutatedFolder {
  readonly source: string;
  readonly tests: readonly string[];
}

/** The folders that `make mutants` changes, each with its own tests. A folder that moves is renamed here. */
export const mutatedFolders: readonly MutatedFolder[] = [
  { source: "src/crypt", tests: ["test/crypt"] },
  { source: "src/transform", tests: ["test/transform"] },
  { source: "src/policy", tests: ["test/policy"] },
  { source: "src/copy", tests: ["test/copy"] },
];
