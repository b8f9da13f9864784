import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReadTurns } from './read-turns.ts'

/** Turns that end when the test says so. */
function setUp() {
  const waiting: (() => void)[] = []
  const turns = new ReadTurns((next) => waiting.push(next))
  const microtasks = () => new Promise((resolve) => setImmediate(resolve))
  const endTurn = async () => {
    for (const next of waiting.splice(0)) next()
    await microtasks()
  }
  return { turns, endTurn, microtasks }
}

test('whoever reads page after page lets others have their turn', async () => {
  const { turns, endTurn, microtasks } = setUp()
  let pages = 0
  const reading = (async () => {
    for (; pages < 10; pages += 1) {
      await turns.take()
      turns.note(1000)
    }
  })()
  await microtasks()
  assert.equal(pages, 2)
  await endTurn()
  assert.equal(pages, 4)
  for (let turn = 0; turn < 3; turn += 1) await endTurn()
  await reading
  assert.equal(pages, 10)
})

test('many small reads give way as well, and few do not wait', async () => {
  const { turns, endTurn, microtasks } = setUp()
  let reads = 0
  const reading = (async () => {
    for (; reads < 150; reads += 1) {
      await turns.take()
      turns.note(1)
    }
  })()
  await microtasks()
  assert.equal(reads, 96)
  await endTurn()
  assert.equal(reads, 150)
  await reading
})
