/** What other tools call a command, and the words for it here. */
export const foreignCommands: readonly (readonly [typed: string, ours: string])[] = [
  // ctr-enc, nerdctl, docker and podman have them below `images` or `image`.
  ...["images", "image"].flatMap((group) =>
    [
      ["encrypt", "encrypt"],
      ["decrypt", "decrypt"],
      ["layerinfo", "layerinfo"],
      ["inspect", "inspect"],
      ["pull", "pull"],
      ["push", "push"],
      ["tag", "tag"],
      ["rm", "rm"],
      ["remove", "rm"],
      ["delete", "rm"],
      ["ls", "images"],
      ["list", "images"],
      ["sign", "sign"],
      ["copy", "copy"],
      ["history", "layerinfo"],
      ["prune", "gc"],
    ].map(([typed = "", ours = ""]) => [`${group} ${typed}`, ours] as const),
  ),
  // crane, oras and regctl.
  ["digest", "inspect --format {{.digest}}"],
  ["manifest inspect", "inspect --raw"],
  ["manifest fetch", "inspect --raw"],
  ["manifest get", "inspect --raw"],
  ["manifest", "inspect --raw"],
  ["repo tags", "list-tags"],
  ["tag ls", "list-tags"],
  ["discover", "signatures"],
  // cosign and age.
  ["tree", "signatures"],
  ["triangulate", "signatures"],
  ["download signature", "signatures"],
  ["generate-key-pair", "key generate --type cosign"],
  ["keygen", "key generate"],
  ["genkey", "key generate"],
  // docker, podman and crane.
  ["auth login", "login"],
  ["auth logout", "logout"],
  ["registry login", "login"],
  ["registry logout", "logout"],
  ["history", "layerinfo"],
  ["layers", "layerinfo"],
  ["info", "doctor"],
  ["prune", "gc"],
  ["system prune", "gc"],
  ["save", "copy"],
  ["load", "copy"],
];

/** What other tools do and this one does not, by the words that are typed for it, and the way on. */
export const absentCommands: readonly (readonly [typed: readonly string[], note: string])[] = [
  [
    ["build", "append", "mutate", "commit", "rebase"],
    "oci-enc builds no images; what docker build, buildah or crane have built is encrypted by oci-enc encrypt",
  ],
  [
    ["ps", "exec", "logs", "start", "stop", "kill", "create"],
    "oci-enc run runs one container to its end, and keeps no list of containers; podman and containerd run encrypted images too",
  ],
  [
    ["search", "catalog"],
    "registries are not searched; the tags of a repository are listed by oci-enc list-tags docker://HOST/REPOSITORY",
  ],
  [["sync"], "oci-enc copy copies one image at a time, with all its platforms and signatures"],
  [
    ["attest", "attach"],
    "oci-enc makes no attestations; those that cosign or oras attach are copied along with the image by oci-enc copy",
  ],
  [["standalone-sign", "standalone-verify"], "images are signed where they are: oci-enc sign --by gpg:KEYID IMAGE"],
  [
    ["mount", "export"],
    "the files of an image are written into a directory by oci-enc unpack IMAGE DIR, and listed by oci-enc ls IMAGE",
  ],
  [
    ["keys", "key list", "key ls", "key import", "import-key-pair", "public-key"],
    "oci-enc keeps no keys: they are files, and oci-enc key inspect FILE shows what one holds",
  ],
];
