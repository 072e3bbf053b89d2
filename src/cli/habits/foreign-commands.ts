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
  ["generate-key-pair", "key generate --type cosign"],
  ["keygen", "key generate"],
];
