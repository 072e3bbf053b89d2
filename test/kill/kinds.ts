/** Where an image lies after a command, and in which form. */
export interface Result {
  readonly form: "layout" | "dir" | "archive" | "tree";
  readonly path: string;
}

/** A command that is killed, and what comes after it. Paths are relative to the directory of the round. */
export interface Kind {
  readonly name: string;
  /** Templates that the round gets a copy of. */
  readonly needs: readonly string[];
  readonly command: readonly string[];
  readonly next: readonly string[];
  /** Where plain content was before and may stay. */
  readonly plain: readonly string[];
  /** What must be whole whenever it is there, and be there in the end. What their images name may be plain. */
  readonly results: readonly Result[];
  /** Statuses of the next command that are right; default 0. */
  readonly statuses?: readonly number[];
  /** It cannot be tried everywhere. */
  readonly asks?: "runc" | "registry";
}

const key = ["-k", "../key.pem"];
const seal = ["encrypt", "-q", "-r", "jwe:../pub.pem"];
const open = ["decrypt", "-q", "--force", ...key];

function layout(path: string): Result {
  return { form: "layout", path };
}

function places(): readonly { name: string; reference: string; flags: readonly string[]; result: Result }[] {
  return [
    { name: "store", reference: "localhost/app:1", flags: ["--store", "new"], result: layout("new") },
    { name: "oci", reference: "oci:new:x", flags: [], result: layout("new") },
    { name: "dir", reference: "dir:new", flags: [], result: { form: "dir", path: "new" } },
    {
      name: "oci-archive",
      reference: "oci-archive:new.tar:x",
      flags: [],
      result: { form: "archive", path: "new.tar" },
    },
  ];
}

function movingKinds(): readonly Kind[] {
  return places().flatMap(({ name, reference, flags, result }): Kind[] => {
    const encrypt = [...seal, "--force", ...flags, "oci:plain:x", reference];
    const decrypt = [...open, ...flags, "oci:sealed:x", reference];
    const replace = ["copy", "-q", "--force", ...flags, "oci:sealed:x", reference];
    return [
      {
        name: `encrypt-${name}`,
        needs: ["plain"],
        command: encrypt,
        next: encrypt,
        plain: ["plain"],
        results: [result],
      },
      { name: `decrypt-${name}`, needs: ["sealed"], command: decrypt, next: decrypt, plain: [], results: [result] },
      { name: `replaced-${name}`, needs: ["sealed"], command: decrypt, next: replace, plain: [], results: [result] },
    ];
  });
}

function inPlaceKinds(): readonly Kind[] {
  const ends = [
    { name: "store", plain: "store", sealed: "sealed-store", form: "layout", of: () => "localhost/app:1" },
    { name: "oci", plain: "plain", sealed: "sealed", form: "layout", of: (path: string) => `oci:${path}:x` },
    { name: "dir", plain: "plain-dir", sealed: "sealed-dir", form: "dir", of: (path: string) => `dir:${path}` },
  ] as const;
  return ends.flatMap(({ name, plain, sealed, form, of }): Kind[] => {
    const flags = (path: string) => (name === "store" ? ["--store", path] : []);
    const encrypt = [...seal, "--if-encrypted", "skip", ...flags(plain), of(plain)];
    const decrypt = ["decrypt", "-q", ...key, ...flags(sealed), of(sealed)];
    return [
      {
        name: `in-place-encrypt-${name}`,
        needs: [plain],
        command: encrypt,
        next: encrypt,
        plain: [],
        results: [{ form, path: plain }],
      },
      {
        name: `in-place-decrypt-${name}`,
        needs: [sealed],
        command: decrypt,
        next: decrypt,
        plain: [],
        results: [{ form, path: sealed }],
      },
    ];
  });
}

function otherKinds(registry: string): readonly Kind[] {
  const docker = [...open, "oci:sealed:x", "docker-archive:new.tar:localhost/app:1"];
  const archive = [...seal, "--if-encrypted", "skip", "oci-archive:archives/plain.tar:x"];
  const unpack = (path: string) => ["unpack", "-q", ...key, "oci:sealed:x", path];
  const run = ["run", "-q", ...key, "oci:sealed:x", "/bin/busybox", "true"];
  const pull = ["pull", "-q", "--store", "new", `${registry}/sealed:1`];
  const push = ["push", "-q", "--store", "both", "localhost/app:1-enc", `docker://${registry}/pushed:1`];
  const tree = (path: string): Result => ({ form: "tree", path });
  const sealed = { needs: ["sealed"], plain: [] };
  return [
    {
      name: "decrypt-docker-archive",
      ...sealed,
      command: docker,
      next: docker,
      results: [{ form: "tree", path: "new.tar" }],
    },
    {
      name: "in-place-encrypt-archive",
      needs: ["archives"],
      command: archive,
      next: archive,
      plain: [],
      results: [{ form: "archive", path: "archives/plain.tar" }],
    },
    // A tree that is whole is a directory that is not empty.
    {
      name: "unpack-new",
      ...sealed,
      command: unpack("new"),
      next: unpack("new"),
      results: [tree("new")],
      statuses: [0, 11],
    },
    {
      name: "unpack-empty",
      ...sealed,
      needs: ["sealed", "empty"],
      command: unpack("empty"),
      next: unpack("empty"),
      results: [tree("empty")],
      statuses: [0, 11],
    },
    { name: "run", ...sealed, command: run, next: run, results: [], asks: "runc" },
    { name: "pull", needs: [], command: pull, next: pull, plain: [], results: [layout("new")], asks: "registry" },
    {
      name: "push",
      needs: ["both"],
      command: push,
      next: push,
      plain: [],
      results: [layout("both")],
      asks: "registry",
    },
    {
      name: "rm",
      needs: ["both"],
      command: ["rm", "-q", "--store", "both", "localhost/app:1"],
      next: ["gc", "-q", "--store", "both"],
      plain: [],
      results: [layout("both")],
    },
    {
      name: "gc",
      needs: ["garbage"],
      command: ["gc", "-q", "--store", "garbage"],
      next: ["gc", "-q", "--store", "garbage"],
      plain: [],
      results: [layout("garbage")],
    },
  ];
}

/** Every kind; `registry` is the host of one that has the image `sealed:1`. */
export function allKinds(registry: string): readonly Kind[] {
  return [...movingKinds(), ...inPlaceKinds(), ...otherKinds(registry)];
}
