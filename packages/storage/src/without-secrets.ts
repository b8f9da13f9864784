/**
 * The properties that may be shown, of storage settings, catalogs and tables. What could be a secret by its name stays
 * inside: rather one harmless property less.
 */
export function withoutSecrets(properties: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !SECRET.test(name)))
}

const SECRET = new RegExp(
  [
    'secret|password|passwd|passphrase|token|credential|keytab|private|signature|authorization',
    '(access|account|api|sse|cryption)[-_.]?key(?!-id$)|access[-_.]?key',
    'connection[-_.]?string',
    '(^|[-_.])sas([-_.]|$)',
  ].join('|'),
  'i',
)
