import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoraineError } from './error.ts'
import { Turns } from './turns.ts'

test('no more than the limit run at a time, in their order, and failures end a turn too', async () => {
  const turns = new Turns({ limit: 2 })
  const started: number[] = []
  const ends: (() => void)[] = []
  let running = 0
  let most = 0
  const work = Array.from({ length: 6 }, (_, at) =>
    turns.run(async () => {
      started.push(at)
      running += 1
      most = Math.max(most, running)
      await new Promise<void>((resolve) => ends.push(resolve))
      running -= 1
      if (at % 2 === 1) throw new Error(`failed ${at}`)
      return at
    }),
  )
  const settled = Promise.allSettled(work)
  for (let ended = 0; ended < 6; ) {
    const end = ends.shift()
    if (end === undefined) await Promise.resolve()
    else {
      end()
      ended += 1
    }
  }
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled', 'rejected'],
  )
  assert.deepEqual(started, [0, 1, 2, 3, 4, 5])
  assert.equal(most, 2)
  assert.equal(await turns.run(async () => 'free again'), 'free again')
})

test('one owner leaves a turn for others, and whoever waits for it holds up nobody else', async () => {
  const turns = new Turns({ limit: 4, limitOfOne: 3 })
  const order: string[] = []
  const take = async (owner: string, name: string) => {
    await turns.take({ owner })
    order.push(name)
  }
  const dead = ['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => take('a', name))
  await take('b', 'b1')
  assert.deepEqual(order, ['a1', 'a2', 'a3', 'b1'])
  const next = take('b', 'b2')
  turns.give('b')
  await next
  turns.give('a')
  await dead[3]
  turns.give('b')
  turns.give('a')
  await dead[4]
  assert.deepEqual(order, ['a1', 'a2', 'a3', 'b1', 'b2', 'a4', 'a5'])
})

test('whoever gives up waiting leaves the line, and takes no turn', async () => {
  const turns = new Turns({ limit: 1 })
  await turns.take()
  const gone = new AbortController()
  const first = turns.run(async () => assert.fail('ran'), { signal: gone.signal })
  const wakes: (() => void)[] = []
  const clock = { sleep: () => new Promise<void>((resolve) => wakes.push(resolve)) }
  const second = turns.take({ deadline: { clock, ms: 10 } })
  const third = turns.take({ deadline: { clock, ms: 20 } })
  gone.abort(new MoraineError('aborted', 'the client has gone'))
  await assert.rejects(first, /the client has gone/)
  wakes[0]?.()
  assert.equal(await second, false)
  turns.give()
  assert.equal(await third, true)
  wakes[1]?.()
  await assert.rejects(turns.take({ signal: gone.signal }), /the client has gone/)
  turns.give()
  assert.equal(await turns.take(), true)
})

test('no more than may wait of one owner do', async () => {
  const turns = new Turns({ limit: 2, limitOfOne: 1, waitingMax: 1 })
  await turns.take({ owner: 'a' })
  const waiting = turns.take({ owner: 'a' })
  await assert.rejects(turns.take({ owner: 'a' }), { kind: 'unavailable', message: /1 wait already for a/ })
  assert.equal(await turns.take({ owner: 'b' }), true)
  turns.give('a')
  assert.equal(await waiting, true)
})
