import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { DEFECTS } from './defects.ts'
import { describeDefect, findDefects } from './find-defects.ts'
import { checkDefects, spoil } from './source-copy.ts'

// `npm run sim -- --defects` looks for all of them.
const LOOKED_FOR: readonly string[] = [
  'an attempt number is given twice',
  'holds are ignored',
  'the tasks of held tables count as work ahead',
  'outputs are deleted although they were committed',
]

test('every defect fits the sources as they are, and stands in the docs', async () => {
  await checkDefects(DEFECTS)
  const docs = await readFile(new URL('../../../../docs/specs/simulator.md', import.meta.url), 'utf8')
  const rows = docs.split('\n').map((line) => line.replace(/ +/g, ' '))
  for (const defect of DEFECTS) {
    const row = describeDefect(defect)
    assert.ok(rows.includes(row), `not in docs/specs/simulator.md: ${row}`)
  }
})

test('a defect whose text is not there, or more than once, is an error that names it', () => {
  const defect = {
    ...DEFECTS[0],
    name: 'a hole',
    file: 'a.ts',
    text: 'x',
    replacement: 'y',
    world: {},
    seeds: 1,
  } as const
  assert.equal(spoil('1x2', defect), '1y2')
  assert.throws(() => spoil('12', defect), /defect 'a hole': its text stands in a.ts 0 times/)
  assert.throws(() => spoil('xx', defect), /a.ts 2 times/)
})

test('seeds find what was done to the sources', async () => {
  const some = DEFECTS.filter(({ name }) => LOOKED_FOR.includes(name))
  assert.equal(some.length, LOOKED_FOR.length)
  const missed: string[] = []
  const onSearched: Parameters<typeof findDefects>[1] = ({ defect, found }) => {
    if (found === undefined) missed.push(defect.name)
  }
  await findDefects(some, onSearched, 1)
  assert.deepEqual(missed, [])
})
