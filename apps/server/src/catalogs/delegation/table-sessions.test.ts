import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RoleSession, SessionCredentials } from '@moraine/catalogs/aws/assume-role'
import type { EpochMs } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { tableSessions } from './table-sessions.ts'

const HOUR = 3_600_000
const session = (sessionName: string, policy: string): RoleSession => ({
  ...{ arn: 'arn:r', externalId: undefined, durationSeconds: 3600, tags: [] },
  ...{ sessionName, policy },
})

function build() {
  let now = 0
  let count = 0
  let fails = false
  const waiting: (() => void)[] = []
  const assume = async (): Promise<SessionCredentials> => {
    count += 1
    const accessKeyId = `id${count}`
    await new Promise<void>((resolve) => waiting.push(resolve))
    if (fails) throw new MoraineError('unavailable', 'no STS')
    return { accessKeyId, secretAccessKey: 's', sessionToken: 't', expiration: new Date(now + HOUR) }
  }
  const sessions = tableSessions(assume, { now: () => now as EpochMs })
  return {
    ask: async (name: string, policy = 'p') => (await sessions(session(name, policy))).accessKeyId,
    answer: () => {
      for (const go of waiting.splice(0)) go()
    },
    at: (ms: number) => (now = ms),
    fail: (value: boolean) => (fails = value),
    asked: () => count,
  }
}

test('who asks at the same time shares a call; each principal and each policy has a session of its own', async () => {
  const { ask, answer, asked } = build()
  const all = [ask('ann'), ask('ann'), ask('bob'), ask('ann', 'other')]
  assert.equal(asked(), 3)
  answer()
  assert.deepEqual(await Promise.all(all), ['id1', 'id1', 'id2', 'id3'])
  assert.equal(await ask('ann'), 'id1')
})

test('a session is renewed while ten minutes of it are left', async () => {
  const { ask, answer, at } = build()
  const first = ask('ann')
  answer()
  assert.equal(await first, 'id1')
  at(HOUR - 600_001)
  assert.equal(await ask('ann'), 'id1')
  at(HOUR - 600_000)
  const second = ask('ann')
  answer()
  assert.equal(await second, 'id2')
})

test('a failure is told to all who wait, and is not held', async () => {
  const { ask, answer, fail } = build()
  fail(true)
  const all = [ask('ann'), ask('ann')]
  answer()
  for (const each of all) await assert.rejects(each, /no STS/)
  fail(false)
  const again = ask('ann')
  answer()
  assert.equal(await again, 'id2')
})
