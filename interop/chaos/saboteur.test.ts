import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@moraine/stdx/random'
import { planDeeds } from './saboteur.ts'

const VICTIMS = { servers: 3, optimizers: 5 }

test('the same seed gives the same deeds, another one others', () => {
  const deeds = (seed: number) => planDeeds(seededRandom(seed), 60_000, VICTIMS)
  assert.deepEqual(deeds(1), deeds(1))
  assert.notDeepEqual(deeds(1), deeds(2))
})

test('an hour has deeds of all kinds to all victims, in order, and all are over at its end', () => {
  const deeds = planDeeds(seededRandom(3), 3_600_000, VICTIMS)
  assert.equal(new Set(deeds.map(({ kind }) => kind)).size, 9)
  const killed = (kind: string) => new Set(deeds.filter((deed) => deed.kind === kind).map(({ victim }) => victim)).size
  assert.equal(killed('kill-server'), VICTIMS.servers)
  assert.equal(killed('kill-executor'), VICTIMS.optimizers)
  assert.deepEqual(
    deeds.map(({ atMs }) => atMs),
    deeds.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
  )
  for (const { atMs, forMs } of deeds) assert.ok(atMs + forMs <= 3_600_000)
})
