// What the command line needs to read its configuration file, and little else: it is read before every command. The package
// does not export this file.

export { homeDirectory } from "../files/home-directory.js";
export { readOwnedFile } from "../files/owned-file.js";
export { membersOf, shownNames, type TomlPlace, textsOf, tomlTop, wrongMember } from "../files/toml-place.js";
export { isRegistryHost, parseImageName } from "../oci/image-name.js";
export { isSecretName } from "../oci/secret-name.js";
