/**
 * The properties that may be shown, of storage settings, catalogs and tables. What could be a secret by its name stays
 * inside: rather one harmless property less.
 */
export function withoutSecrets(properties: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !SECRET.test(name)))
}

const SECRET = new RegExp(
  [
    'secret|password|passwd|pwd|passphrase|token|credential|keytab|private|signature|authorization|assertion|bearer|jwt',
    '(access|account|api|sse|cryption)[-_.]?key(?!-id$)|access[-_.]?key',
    'connection[-_.]?string',
    '(^|[-_.])(sas|ak|sk|cookie|hmac)([-_.]|$)',
    // Others with them in their names are settings: auth.type, gcs.no-auth, session-name.
    '(^|[_.])auth$|(^|[-_.])session([-_.]?id)?$',
    // What is sent with every request: who reads it can send it, too, whatever it is called. All but a word of the protocol.
    String.raw`(^|\.)header\.(?!x-iceberg-access-delegation$)`,
  ].join('|'),
  'i',
)
