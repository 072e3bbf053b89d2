/** A folder of the source, and where the tests are that should notice a change in it. */
export interface MutatedFolder {
  readonly source: string;
  readonly tests: readonly string[];
}

/** The folders that `make mutants` changes, each with its own tests. A folder that moves is renamed here. */
export const mutatedFolders: readonly MutatedFolder[] = [
  { source: "src/crypt", tests: ["test/unit/crypt"] },
  { source: "src/transform", tests: ["test/unit/transform"] },
  { source: "src/policy", tests: ["test/unit/policy"] },
  { source: "src/copy", tests: ["test/unit/copy"] },
];
