import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** As PEM. */
export type TestCertificate = { readonly key: string; readonly certificate: string }

/** Who issues certificates to the servers of a test. */
export type TestAuthority = {
  /** As PEM: what clients have to trust. */
  readonly certificate: string
  /** @param names such as `DNS:localhost` or `IP:127.0.0.1` */
  issue(names: readonly string[], options?: { readonly rsaBits?: number }): TestCertificate
}

/** `undefined` where there is no `openssl` that can do this: such tests are skipped. */
export function testAuthority(): TestAuthority | undefined {
  const own = issued(['-subj', '/CN=test authority', ...EC])
  // Versions before 3 sign nothing but themselves.
  if (own === undefined || issued(['-subj', '/CN=trial', ...EC], own) === undefined) return undefined
  return {
    certificate: own.certificate,
    issue(names, { rsaBits } = {}) {
      const extensions = [`subjectAltName=${names.join(',')}`, 'basicConstraints=critical,CA:FALSE']
      const options = [
        '-subj',
        '/CN=test',
        ...(rsaBits === undefined ? EC : ['-newkey', `rsa:${rsaBits}`]),
        ...extensions.flatMap((each) => ['-addext', each]),
      ]
      const made = issued(options, own)
      if (made === undefined) throw new Error(`openssl issued no certificate for ${names.join(', ')}`)
      return made
    },
  }
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']

function issued(options: readonly string[], issuer?: TestCertificate): TestCertificate | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'moraine-tls-'))
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')]
  const [issuerKey, issuerCertificate] = [join(directory, 'issuer-key.pem'), join(directory, 'issuer.pem')]
  try {
    const files = ['-nodes', '-days', '2', '-keyout', key, '-out', certificate]
    if (issuer !== undefined) {
      writeFileSync(issuerKey, issuer.key)
      writeFileSync(issuerCertificate, issuer.certificate)
    }
    const by = issuer === undefined ? [] : ['-CA', issuerCertificate, '-CAkey', issuerKey]
    const { status } = spawnSync('openssl', ['req', '-x509', ...files, ...by, ...options])
    if (status !== 0) return undefined
    return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
