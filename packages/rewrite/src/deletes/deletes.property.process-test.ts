import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { after, before, test } from 'node:test'
import type { DeleteInput } from '@moraine/maintenance/plan/rewrite-plan'
import { verifyGroup } from '@moraine/maintenance/verify/verify-group'
import fc from 'fast-check'
import type { SchemaElement } from 'hyparquet'
import { deletionVectors, equalityDeletes, positionDeletes } from '../testing/delete-files.ts'
import {
  dataInput,
  openLab,
  outputRows,
  type RewriteLab,
  schemaOf,
  storedRows,
  taskOf,
} from '../testing/rewrite-lab.ts'

let lab: RewriteLab
let runs = 0
before(() => {
  lab = openLab()
})
after(() => lab.close())

const SCHEMA = schemaOf([1, 'id', 'int'], [2, 'key', 'string'], [3, 'value', 'double'])
const ELEMENTS: Readonly<Record<number, SchemaElement>> = {
  1: { name: 'id', type: 'INT32', repetition_type: 'REQUIRED', field_id: 1 },
  2: { name: 'key', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL', field_id: 2 },
  3: { name: 'value', type: 'DOUBLE', repetition_type: 'OPTIONAL', field_id: 3 },
}

type Row = { readonly id: number; readonly key: string | null; readonly value: number | null }
type File = { readonly sequence: number; readonly rows: readonly Omit<Row, 'id'>[] }
type Equality = {
  readonly sequence: number
  readonly ids: readonly (2 | 3)[]
  readonly keys: readonly Omit<Row, 'id'>[]
}
type Positions = {
  readonly sequence: number
  readonly picks: readonly { readonly file: number; readonly pos: number }[]
}

const keys = fc.constantFrom('a', 'b', '', null)
const values = fc.constantFrom(0, -0, 1.5, Number.NaN, null)
const row = fc.record({ key: keys, value: values })
const sequence = fc.integer({ min: 1, max: 6 })
const files: fc.Arbitrary<readonly File[]> = fc.array(
  fc.record({ sequence, rows: fc.array(row, { minLength: 1, maxLength: 12 }) }),
  { minLength: 1, maxLength: 4 },
)
const equality: fc.Arbitrary<readonly Equality[]> = fc.array(
  fc.record({
    sequence,
    ids: fc.constantFrom([2], [3], [2, 3]) as fc.Arbitrary<readonly (2 | 3)[]>,
    keys: fc.array(row, { minLength: 1, maxLength: 3 }),
  }),
  { maxLength: 4 },
)
const positions: fc.Arbitrary<readonly Positions[]> = fc.array(
  fc.record({
    sequence,
    picks: fc.array(fc.record({ file: fc.nat(3), pos: fc.nat(11) }), { minLength: 1, maxLength: 8 }),
  }),
  { maxLength: 3 },
)

/** As the spec says it, and nothing cleverer. `Object.is` is how deletes compare: NaN equals itself, -0 is not 0. */
function isHit(
  own: Row,
  pos: number,
  fileAt: number,
  file: File,
  deletes: { equality: readonly Equality[]; positions: readonly Positions[] },
): boolean {
  return (
    deletes.equality.some(
      (each) =>
        file.sequence < each.sequence &&
        each.keys.some((key) =>
          each.ids.every((id) => (id === 2 ? key.key === own.key : Object.is(key.value, own.value))),
        ),
    ) ||
    deletes.positions.some(
      (each) => file.sequence <= each.sequence && each.picks.some((pick) => pick.file === fileAt && pick.pos === pos),
    )
  )
}

test('a rewrite keeps, and a conversion finds, exactly the rows that a naive reader keeps and drops', async () => {
  await fc.assert(
    fc.asyncProperty(files, equality, positions, fc.boolean(), async (data, equalityDeletesOf, picked, asVectors) => {
      runs += 1
      const name = (what: string, at: number) => `r${runs}-${what}${at}.parquet`
      let id = 0
      const rows = data.map((file) => file.rows.map((each): Row => ({ ...each, id: id++ })))
      const paths = rows.map((own, at) =>
        lab.writeFile(name('f', at), [{ name: 'table', num_children: 3 }, ...Object.values(ELEMENTS)], {
          id: own.map((each) => each.id),
          key: own.map((each) => each.key),
          value: own.map((each) => each.value),
        }),
      )
      // Positions that exist, each once: a delete file never names a row that is not there.
      const real = picked
        .map((each) => ({
          ...each,
          picks: unique(each.picks.filter(({ file, pos }) => pos < (rows[file]?.length ?? 0))),
        }))
        .filter((each) => each.picks.length > 0)
      const { inputs, deletes } = applied(paths, data, equalityDeletesOf, real, asVectors, name)
      const expected = rows.map((own, at) =>
        own.map((each, pos) =>
          isHit(each, pos, at, data[at] as File, { equality: equalityDeletesOf, positions: real }),
        ),
      )

      const table = { schema: SCHEMA, formatVersion: asVectors ? (3 as const) : (2 as const) }
      const rewrite = taskOf(lab, table, { inputs, deletes })
      const result = await lab.run(rewrite)
      assert.deepEqual(
        (await outputRows(result)).map((each) => [each['id'], each['key'] ?? null, each['value'] ?? null]),
        rows.flatMap((own, at) =>
          own.filter((_, pos) => !expected[at]?.[pos]).map((each) => [each.id, each.key, each.value]),
        ),
      )
      assert.equal(verifyGroup(rewrite, result, rewrite.table).kind, 'verified')

      const convert = taskOf(
        lab,
        { ...table, formatVersion: 2 },
        { inputs, deletes, method: { kind: 'convert-deletes', reason: 'test' } },
      )
      const converted = await lab.run(convert)
      const found = new Map<string, number[]>()
      for (const file of converted.deleteFiles) {
        found.set(
          basename(file.referencedDataFile),
          (await storedRows(file.filePath)).map((each) => Number(each['pos'])),
        )
      }
      for (const [at, path] of paths.entries()) {
        const hit = (expected[at] ?? []).flatMap((isDeleted, pos) => (isDeleted ? [pos] : []))
        assert.deepEqual(found.get(basename(path)) ?? [], hit)
      }
      assert.equal(verifyGroup(convert, converted, convert.table).kind, 'verified')
    }),
    { numRuns: 40, seed: 20_260 },
  )
})

function unique(picks: Positions['picks']): Positions['picks'] {
  return [...new Map(picks.map((pick) => [`${pick.file} ${pick.pos}`, pick])).values()]
}

function applied(
  paths: readonly string[],
  data: readonly File[],
  equality: readonly Equality[],
  positions: readonly Positions[],
  asVectors: boolean,
  name: (what: string, at: number) => string,
) {
  const deletes: DeleteInput[] = equality.map((each, at) =>
    equalityDeletes(
      lab,
      name('e', at),
      each.ids.map((id) => ELEMENTS[id] as SchemaElement),
      Object.fromEntries(
        each.ids.map((id) => [id === 2 ? 'key' : 'value', each.keys.map((key) => (id === 2 ? key.key : key.value))]),
      ),
      each.sequence,
      each.ids,
    ),
  )
  const own: number[][] = data.map((file) =>
    equality.flatMap((each, at) => (file.sequence < each.sequence ? [at] : [])),
  )
  const named = positions.map((each) => ({
    ...each,
    picks: each.picks.filter(({ file }) => (data[file]?.sequence ?? 0) <= each.sequence),
  }))
  if (asVectors) {
    for (const [at, path] of paths.entries()) {
      const hit = [
        ...new Set(named.flatMap((each) => each.picks.filter(({ file }) => file === at).map(({ pos }) => pos))),
      ]
      if (hit.length === 0) continue
      own[at]?.push(deletes.length)
      deletes.push(...deletionVectors(lab, `${name('v', at)}.puffin`, [[path, hit.toSorted((a, b) => a - b)]]))
    }
  } else {
    for (const [at, each] of named.entries()) {
      if (each.picks.length === 0) continue
      for (const [file, list] of own.entries())
        if (each.picks.some((pick) => pick.file === file)) list.push(deletes.length)
      deletes.push(
        positionDeletes(
          lab,
          name('p', at),
          each.picks.map(({ file, pos }) => [paths[file] ?? '', pos]),
          { dataSequenceNumber: each.sequence },
        ),
      )
    }
  }
  const inputs = paths.map((path, at) =>
    dataInput(path, { dataSequenceNumber: data[at]?.sequence ?? 0, deletes: own[at] ?? [] }),
  )
  return { inputs, deletes }
}
