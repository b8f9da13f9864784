import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import { systemClock } from '@moraine/stdx/clock'
import Fastify from 'fastify'
import { nudgeRoute } from '../http/nudge-route.ts'
import { SILENT_LOG } from '../service/log.ts'
import { NUDGES_PATH, nudgeLine } from './nudge-line.ts'
import { nudgeSeal, SIGNATURE_HEADER } from './nudge-seal.ts'
import { nudgeSwitch } from './nudge-switch.ts'
import type { Nudge } from './nudges.ts'

const never = new AbortController().signal
const seal = nudgeSeal(new Uint8Array(32).fill(7))
const ALL: readonly Nudge[] = [
  { to: 'refresher', tableId: 5 as TableId },
  { to: 'explorer', catalog: 'düne' },
  { to: 'settler', processId: '1000000000000000001' as ProcessId },
  { to: 'committer', processId: '1000000000000000001' as ProcessId },
  { to: 'committer' },
  { to: 'planner' },
  { to: 'dispatcher' },
  { to: 'reaper' },
  { to: 'discarder' },
]

/** A server that leads or does not, and what reached its reconcilers. */
async function startLeader(context: TestContext) {
  const received: Nudge[] = []
  const waiting: (() => void)[] = []
  const nudges = nudgeSwitch(() => assert.fail('what came from elsewhere is not sent on'))
  const end = nudges.lead((nudge) => {
    received.push(nudge)
    for (const wake of waiting) wake()
  })
  const server = Fastify()
  await server.register(nudgeRoute, { seal, receive: nudges.receive })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  context.after(() => server.close())
  const until = async (count: number) => {
    while (received.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
  }
  return { url, received, until, end }
}

async function startLine(context: TestContext, leaderUrl: () => string | undefined, key = seal) {
  const line = nudgeLine({ leaderUrl, seal: key, clock: systemClock, log: SILENT_LOG })
  await line.start(never)
  context.after(() => line.stop())
  return line
}

test('every kind of nudge reaches the leader, each once', async (context) => {
  const leader = await startLeader(context)
  const line = await startLine(context, () => leader.url)
  for (const nudge of [...ALL, ...ALL]) line.send(nudge)
  await leader.until(ALL.length)
  assert.deepEqual(leader.received, ALL)
})

test('nudges wait until a leader is known, and go to it', async (context) => {
  const leader = await startLeader(context)
  let url: string | undefined
  const line = await startLine(context, () => url)
  line.send({ to: 'planner' })
  await new Promise((resolve) => setImmediate(resolve))
  url = leader.url
  await leader.until(1)
  assert.deepEqual(leader.received, [{ to: 'planner' }])
})

const post = (url: string, body: string, signature: string) =>
  fetch(`${url}${NUDGES_PATH}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [SIGNATURE_HEADER]: signature },
    body,
  })

test('who does not have the key wakes nobody', async (context) => {
  const leader = await startLeader(context)
  const body = JSON.stringify([{ to: 'planner' }])
  const other = nudgeSeal(new Uint8Array(32).fill(8))
  for (const signature of [other.sign(body), seal.sign(`${body} `), '', 'zz', seal.sign(body).slice(2)]) {
    assert.equal((await post(leader.url, body, signature)).ok, false)
  }
  assert.deepEqual(leader.received, [])
})

test('what is no nudge is refused as a whole, and a server that does not lead takes none', async (context) => {
  const leader = await startLeader(context)
  for (const odd of [
    '[{"to":"planner"},{"to":"nobody"}]',
    '[{"to":"refresher"}]',
    '{}',
    'no json',
    '[{"to":"explorer","catalog":1}]',
  ]) {
    assert.equal((await post(leader.url, odd, seal.sign(odd))).ok, false, odd)
  }
  assert.deepEqual(leader.received, [])
  leader.end()
  const body = JSON.stringify([{ to: 'planner' }])
  assert.equal((await post(leader.url, body, seal.sign(body))).ok, false)
  assert.deepEqual(leader.received, [])
})

test('while this server leads its own nudges stay here, and go to the other when it does not', () => {
  const sent: Nudge[] = []
  const routed: Nudge[] = []
  const nudges = nudgeSwitch((nudge) => void sent.push(nudge))
  nudges.send({ to: 'planner' })
  const end = nudges.lead((nudge) => void routed.push(nudge))
  nudges.send({ to: 'reaper' })
  end()
  nudges.send({ to: 'discarder' })
  assert.deepEqual([sent, routed], [[{ to: 'planner' }, { to: 'discarder' }], [{ to: 'reaper' }]])
})
