/** A form of key, or of something that is taken for a key, other than PEM, DER and JWK. */
export interface ForeignForm {
  /** For messages: `a Java key store`. */
  readonly what: string;
  readonly hint: string | undefined;
}

/** The form of a binary file or a text, told by its beginning. Undefined: nothing that is known. Never throws. */
export function foreignForm(file: Uint8Array): ForeignForm | undefined {
  const first = Buffer.from(file.subarray(0, 4)).toString("hex");
  const binary = magics.find(([magic]) => first.startsWith(magic));
  if (binary !== undefined) return { what: binary[1], hint: binary[2] };
  const text = Buffer.from(file.subarray(0, headSize)).toString("latin1").trimStart();
  if (file.length === 0 || (text === "" && file.length <= headSize)) return { what: "an empty file", hint: undefined };
  const found = [...texts, ...changed].find(([pattern]) => pattern.test(text));
  return found && { what: found[1], hint: found[2] };
}

/** The same by the label of a PEM block. */
export function foreignLabel(label: string): ForeignForm | undefined {
  const found = labels.find(([pattern]) => pattern.test(label));
  return found && { what: found[1], hint: found[2] };
}

/** As much of a text as is looked at. */
const headSize = 4096;

type Row<T> = readonly [told: T, what: string, hint?: string];

const anotherPair = "make a key pair for oci-enc: oci-enc key generate --out NAME";
/** What a PKCS#12 bundle is turned into. */
export const bundleHint: string =
  "take the key out of it: openssl pkcs12 -in BUNDLE -nocerts -out KEY; or the certificate: openssl pkcs12 -in BUNDLE -nokeys -clcerts -out CERT";
const bundleCommand = "openssl pkcs12 -in FILE.p12 -nocerts -out KEY";

const magics: readonly Row<string>[] = [
  [
    "feedfeed",
    "a Java key store",
    `convert it: keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype pkcs12; ${bundleCommand}`,
  ],
  [
    "cececece",
    "a Java key store",
    `convert it: keytool -importkeystore -srcstoretype jceks -srckeystore FILE -destkeystore FILE.p12 -deststoretype pkcs12; ${bundleCommand}`,
  ],
  // Of indefinite length, as Java and Windows write it: version 3.
  ["30800201", "a PKCS#12 bundle", bundleHint],
  ["1f8b", "a compressed file", "decompress it first: gunzip --stdout FILE > KEY"],
  ["28b52ffd", "a compressed file", "decompress it first: zstd -d --stdout FILE > KEY"],
  ["504b0304", "a ZIP archive", "take the key out of it: unzip FILE"],
  ["fffe0000", "a text in UTF-32", "convert it: iconv -f UTF-32 -t UTF-8 FILE > KEY"],
  ["0000feff", "a text in UTF-32", "convert it: iconv -f UTF-32 -t UTF-8 FILE > KEY"],
];

const texts: readonly Row<RegExp>[] = [
  [/^pkcs11:\s*$[\s\S]*^\s+uri:\s*["']?pkcs11:/m, "a PKCS#11 key file"],
  [/^pkcs11:/, "a PKCS#11 URI"],
  [
    /^PuTTY-User-Key-File-/,
    "a PuTTY private key",
    "convert it: puttygen FILE.ppk -O private-openssh -o KEY; then, if it says OPENSSH, ssh-keygen -p -m PKCS8 -f KEY",
  ],
  [/^(?:sk-\S+|ssh-dss|ssh-ed448) AAAA/, "an OpenSSH public key that cannot encrypt", anotherPair],
  [/^ssh-(?:ed25519|rsa) AAAA/, "an OpenSSH public key", "name its scheme: -r ssh:FILE"],
  [/^(?:ssh|ecdsa)-\S+ AAAA/, "an OpenSSH public key", "convert it: ssh-keygen -e -m PKCS8 -f FILE"],
  [
    /^---- BEGIN SSH2 PUBLIC KEY ----/,
    "an SSH2 public key",
    "convert it: ssh-keygen -i -f FILE > FILE.pub; ssh-keygen -e -m PKCS8 -f FILE.pub",
  ],
  [/^(?:#.*\s+)*age1[a-z0-9]/, "an age recipient", "name its scheme: -r age:RECIPIENT or -r age:FILE"],
  [
    /^(?:#.*\s+)*AGE-(?:SECRET-KEY|PLUGIN)-/,
    "an age identity",
    "it decrypts, given as -k FILE; to encrypt, give its recipient: age-keygen -y FILE",
  ],
  [/^age-encryption\.org\//, "a file that age encrypted", "decrypt it first: age -d -i IDENTITY FILE"],
  [/^untrusted comment:/, "a minisign or signify key, which signs only", anotherPair],
  [
    /^(?:awskms|gcpkms|azurekms|hashivault|vault|k8s|kbs(?:\+[a-z]+)?|projects|arn:aws:kms|https:\/\/[a-z0-9-]+\.vault\.azure\.net)[:/]/,
    "the address of a key in a key service",
    "a key service is reached through a key provider: provider:NAME (docs/keys.md); for signing, through a command: exec:COMMAND",
  ],
  [
    /^(?:apiVersion: *v1\s[\s\S]*)?kind: *Secret\b|^\{\s*"(?:apiVersion|kind|data)"[\s\S]*"kind": *"Secret"/,
    "a Kubernetes Secret",
    "take the key out of it: kubectl get secret NAME -o jsonpath='{.data.KEY}' | base64 -d",
  ],
];

/** Of a key, and so longer than a fingerprint. */
const changed: readonly Row<RegExp>[] = [
  [
    /^(?:Salted__|U2FsdGVkX1)/,
    "a file that openssl enc encrypted",
    "decrypt it first: openssl enc -d with the options that it was encrypted with",
  ],
  [/^(?:[0-9A-Fa-f]{2}[:\s]*){100}/, "a text in hexadecimal digits", "convert it: xxd -r -p FILE > KEY"],
  [/^-----BEGIN(?:%20|\+)/, "a percent-encoded text", "undo the percent-encoding, as a URL has it"],
  [
    /^(?:\xe2\x80[\x90-\x95]|\xe2\x88\x92)+ ?BEGIN /,
    "a PEM block whose hyphens were changed",
    "write five plain hyphens where its first and last line have others",
  ],
  [
    /^[A-Za-z0-9+/]{60,}[A-Za-z0-9+/\s]*={0,2}\s*$/,
    "a text in base64 that holds no key",
    "see what it holds: base64 -d FILE",
  ],
];

const labels: readonly Row<RegExp>[] = [
  [/^PGP /, "an OpenPGP key or message"],
  [
    /^OPENSSH PRIVATE KEY$/,
    "an OpenSSH private key",
    "it decrypts, given as -k FILE; to sign with it, convert a copy: ssh-keygen -p -m PKCS8 -f COPY",
  ],
  [
    /^ENCRYPTED (?:COSIGN|SIGSTORE) PRIVATE KEY$/,
    "a cosign signing key",
    "it signs images: oci-enc sign --by sigstore:FILE; to encrypt, make another: oci-enc key generate --out NAME",
  ],
  [/CERTIFICATE REQUEST$/, "a certificate request", "give the certificate, or the public key"],
  [/ CRL$/, "a list of revoked certificates", "give the certificate, or the public key"],
  [
    /^(?:PKCS7|CMS)$/,
    "a PKCS#7 bundle of certificates",
    "take them out of it: openssl pkcs7 -in FILE -print_certs -out CERTS",
  ],
  [/^DSA (?:PRIVATE|PUBLIC) KEY$/, "a DSA key, which cannot encrypt", anotherPair],
  [/^AGE ENCRYPTED FILE$/, "a file that age encrypted", "decrypt it first: age -d -i IDENTITY FILE"],
];
