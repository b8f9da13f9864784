import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoraineError } from '@moraine/stdx/error'
import { handshakeLog } from './handshake-log.ts'

test('each kind of failure is told once an hour, with how many there were', () => {
  const lines: string[] = []
  let nowMs = 0
  const told = handshakeLog(
    { monotonicMs: () => nowMs },
    {
      warn: (fields, message) => lines.push(`${'others' in fields ? fields.others : '-'} ${message.split(/[,:]/)[0]}`),
    },
  )
  const failure = { peer: 'h:1', error: new MoraineError('corrupt', 'no') }
  for (let second = 0; second < 3600; second += 1, nowMs += 1000) {
    told('plain-at-tls-port', failure)
    told('broken-off', failure)
  }
  told('plain-at-tls-port', failure)
  assert.deepEqual(lines, [
    '- a client speaks no TLS',
    '- a client ended its TLS handshake',
    '3599 a client speaks no TLS',
  ])
})
