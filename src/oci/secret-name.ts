const telling =
  /token|passw(?:or)?d|passphrase|secret|credential|(?:^|[_-])(?:api)?key(?:$|[_-])|(?:api|access|private|secret)key|(?:^|[_-])(?:pass|pat|pin|creds)(?:$|[_-])|[_-]pwd$/i;

/** Whether a variable's or an argument's name says that its value is secret: `DB_PASSWORD`, `api-key`. */
export function isSecretName(name: string): boolean {
  return telling.test(name);
}
