import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from './turns.ts'

test('no more than the limit run at a time, in their order, and failures end a turn too', async () => {
  const turns = new Turns(2)
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
