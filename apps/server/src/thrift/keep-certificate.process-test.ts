import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { systemClock } from '@moraine/stdx/clock'
import { type TestCertificate, testAuthority } from '@moraine/testkit/test-authority'
import type { ServerCertificate } from '@moraine/thrift/server'
import { SILENT_LOG } from '../service/log.ts'
import { keepCertificate } from './keep-certificate.ts'

const authority = testAuthority()
const directory = mkdtempSync(join(tmpdir(), 'moraine-keep-'))
after(() => rmSync(directory, { recursive: true }))

/** Time passes only for `look`, which ends when the files have been looked at. */
function manualClock() {
  let sleeping = Promise.withResolvers<() => void>()
  let nowMs = 0
  let passedMs = 0
  return {
    clock: {
      ...systemClock,
      now: () => (Date.now() + passedMs) as EpochMs,
      monotonicMs: () => nowMs,
      sleep: (ms: number, signal?: AbortSignal) =>
        new Promise<void>((resolve) => {
          signal?.addEventListener('abort', () => resolve(), { once: true })
          sleeping.resolve(() => {
            nowMs += ms
            resolve()
          })
        }),
    },
    pass(ms: number) {
      passedMs += ms
    },
    async look() {
      const wake = await sleeping.promise
      sleeping = Promise.withResolvers()
      wake()
      await sleeping.promise
    },
  }
}

test('a new pair is shown; one that is broken is told of and the old one kept', {
  skip: authority === undefined && 'there is no openssl',
}, async () => {
  assert.ok(authority)
  const issue = () => authority.issue(['DNS:localhost'])
  const files = {
    certificateFile: join(directory, 'certificate.pem'),
    keyFile: join(directory, 'key.pem'),
    caFile: undefined,
  }
  const install = ({ certificate, key }: TestCertificate) => {
    writeFileSync(files.certificateFile, certificate)
    writeFileSync(files.keyFile, key)
  }
  const [first, second, third] = [issue(), issue(), issue()]
  install(first)
  const shown: ServerCertificate[] = []
  const warnings: string[] = []
  const server = { renewCertificate: (certificate: ServerCertificate) => void shown.push(certificate) }
  const log = { ...SILENT_LOG, warn: (fields: object) => void warnings.push(String(Object.values(fields)[0])) }
  const { clock, look, pass } = manualClock()
  const ended = new AbortController()
  const keeping = keepCertificate({ files, shown: first, server, clock, log }, ended.signal)

  await look()
  assert.deepEqual(shown, [])
  install(second)
  await look()
  assert.deepEqual(shown, [second])
  install({ ...third, key: second.key })
  for (let looks = 0; looks < 5; looks += 1) await look()
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /key\.pem, is not that of the certificate/)
  install(third)
  await look()
  assert.deepEqual(shown, [second, third])
  pass(2 * 24 * 3_600_000)
  await look()
  assert.equal(warnings.at(-1), files.certificateFile, 'it has expired')
  ended.abort()
  await keeping
})
