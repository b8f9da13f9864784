import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSimArguments } from './sim-arguments.ts'

function readSeeds(args: readonly string[]) {
  const read = readSimArguments(args)
  assert.ok(read.kind === 'seeds')
  return read
}

test('without words it runs a thousand seeds, with what each seed says', () => {
  const { from, seeds, options } = readSeeds([])
  assert.deepEqual([from, seeds.length, seeds[0], seeds.at(-1)], [1, 1000, 1, 1000])
  assert.deepEqual(options, { threads: 2 })
})

test('what a seed says is overruled both ways', () => {
  assert.deepEqual(readSeeds(['--asks', '--no-allocates', '--servers', '3']).options, {
    ...{ threads: 2, servers: 3, asks: true, allocates: false },
  })
})

test('what is no number is refused by name, and never taken for none', () => {
  for (const written of ['1e2x', '', '0', '-5', '1.5', 'ten', '99999999999']) {
    assert.throws(() => readSimArguments([`--seeds=${written}`]), /--seeds/)
  }
  assert.throws(() => readSimArguments(['--servers=0']), /--servers is '0': write a number from 1/)
  assert.equal(readSeeds(['--from=0', '--seeds=2']).seeds[0], 0)
})

test('what cannot be had together is refused, and what is not known', () => {
  assert.throws(() => readSimArguments(['--sqlite', '--servers', '3']), /--sqlite runs one server/)
  assert.deepEqual(readSeeds(['--sqlite', '--servers', '1']).options, { threads: 2, servers: 1, sqlite: true })
  assert.throws(() => readSimArguments(['--crowded', '--alters']), /--crowded and --alters/)
  assert.throws(() => readSimArguments(['--crowded', '--allocates']), /--crowded and --allocates/)
  assert.throws(() => readSimArguments(['--steady', '--hangs']), /--steady and --hangs/)
  assert.throws(() => readSimArguments(['--steady', '--servers', '2']), /--steady and --servers/)
  assert.deepEqual(readSeeds(['--steady', '--servers', '1']).options, { threads: 2, servers: 1, steady: true })
  assert.throws(() => readSimArguments(['--skewed', '--servers', '1']), /--skewed wants several servers/)
  assert.throws(() => readSimArguments(['--seed', '3']), /--seed/)
  assert.throws(() => readSimArguments(['100']), /100/)
})

test('defects name their own worlds and seeds', () => {
  assert.deepEqual(readSimArguments(['--defects', '--threads', '1']), { kind: 'defects', threads: 1 })
  assert.throws(() => readSimArguments(['--defects', '--seeds', '5']), /--seeds has no meaning with --defects/)
})
