import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseThriftAddresses } from './thrift-address.ts'
import { readTrusted } from './trusted-certificates.ts'

const directory = mkdtempSync(join(tmpdir(), 'moraine-trusted-'))
after(() => rmSync(directory, { recursive: true }))
const servers = parseThriftAddresses('thrifts://a')

test('a file that does not do is named', async () => {
  assert.equal(await readTrusted(undefined, servers), undefined)
  const missing = join(directory, 'missing.pem')
  await assert.rejects(readTrusted(missing, servers), {
    kind: 'not-found',
    message: `reading --ca-file ${missing} failed: ENOENT; there is no such file`,
  })
  const wrong = join(directory, 'wrong.pem')
  writeFileSync(wrong, 'no certificate')
  await assert.rejects(readTrusted(wrong, servers), {
    kind: 'invalid-input',
    message: `--ca-file ${wrong}: there is no certificate in it: it must be PEM, -----BEGIN CERTIFICATE-----`,
  })
  await assert.rejects(readTrusted(wrong, parseThriftAddresses('thrift://a')), { message: /write thrifts:\/\/ there/ })
})
