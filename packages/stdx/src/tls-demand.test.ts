import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from './error.ts'
import { type TlsDemand, tlsDemand } from './tls-demand.ts'

const WORDS: Readonly<Record<TlsDemand, readonly string[]>> = {
  off: [
    '',
    'user=me',
    'sslmode=',
    'sslmode=disable',
    'sslMode=DISABLED',
    'sslmode=allow',
    'sslmode=prefer',
    'sslMode=PREFERRED',
    'sslmode=disable&ssl=true',
    'ssl=false',
    'useSSL=false',
    'useSSL=0',
    'requireSSL=no',
    'verifyServerCertificate=false',
    'useSSL=false&requireSSL=false&verifyServerCertificate=false',
  ],
  unverified: [
    'sslmode=require',
    'sslMode=REQUIRED',
    'sslMode=trust',
    'sslmode=disable&sslMode=require',
    'useSSL=true&verifyServerCertificate=false',
    'useSSL=true&requireSSL=true&verifyServerCertificate=false',
    'requireSSL=true&verifyServerCertificate=FALSE',
    'sslMode=REQUIRED&verifyServerCertificate=true',
  ],
  verified: [
    'sslmode=verify-ca',
    'sslMode=VERIFY_CA',
    'sslmode=verify-full',
    'sslMode=VERIFY_IDENTITY',
    'sslMode=verify-full&sslMode=disable',
    'SSLMODE=verify-full',
    'ssl',
    'ssl=true',
    'ssl=on',
    'ssl=true&verifyServerCertificate=false',
    'useSSL=true',
    'usessl=yes',
    'useSSL=1&requireSSL=false',
    'requireSSL=true',
    'useSSL=false&requireSSL=true',
    'verifyServerCertificate=true',
    'useSSL=true&verifyServerCertificate=true',
    'useSSL=true&verifyServerCertificate=false&verifyServerCertificate=true',
  ],
}

test('each word of the drivers has one meaning', () => {
  for (const [demand, all] of Object.entries(WORDS)) {
    for (const words of all) assert.equal(tlsDemand(new URLSearchParams(words), 'it'), demand, words)
  }
})

test('a word that nobody knows is refused by name, never taken for no', () => {
  for (const words of ['sslmode=perhaps', 'useSSL=perhaps', 'requireSSL=perhaps', 'ssl=perhaps']) {
    assert.throws(
      () => tlsDemand(new URLSearchParams(words), 'setting x'),
      (error) => isKind(error, 'invalid-input') && /^setting x: .*"perhaps"/.test(error.message),
    )
  }
})
