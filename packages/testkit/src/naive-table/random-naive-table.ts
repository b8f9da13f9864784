import fc from 'fast-check'
import type { NaiveDataFile, NaiveDelete, NaiveTable } from './naive-table.ts'

const MIB = 1024 * 1024

/**
 * Arbitrary small tables: files of all sizes around `targetBytes` in up to three partitions, with partition-scoped and
 * global equality deletes and position deletes of one or many files, at sequence numbers that interleave with the data.
 */
export function arbitraryNaiveTable(targetBytes: number): fc.Arbitrary<NaiveTable> {
  const size = fc.oneof(
    fc.integer({ min: 1, max: Math.floor(targetBytes / 8) }),
    fc.integer({ min: 1, max: Math.floor(targetBytes * 1.2) }),
  )
  const file = fc.record({
    p: fc.integer({ min: 0, max: 2 }),
    size,
    sequence: sequences,
    keys: fc.array(keys, { minLength: 1, maxLength: 6 }),
  })
  const equality = fc.record({
    p: fc.oneof(fc.constant('all' as const), fc.integer({ min: 0, max: 2 })),
    sequence: sequences,
    keys: fc.uniqueArray(keys, { minLength: 1, maxLength: 3 }),
  })
  const position = fc.record({
    p: fc.integer({ min: 0, max: 2 }),
    sequence: sequences,
    picks: fc.array(fc.record({ file: fc.nat(), pos: fc.nat(6) }), { minLength: 1, maxLength: 6 }),
  })
  return fc
    .record({
      files: fc.array(file, { minLength: 1, maxLength: 24 }),
      equality: fc.array(equality, { maxLength: 5 }),
      position: fc.array(position, { maxLength: 5 }),
    })
    .map(({ files, equality, position }) => assemble(files, equality, position))
}

const sequences = fc.integer({ min: 1, max: 10 })
const keys = fc.integer({ min: 0, max: 7 })

function assemble(
  files: readonly { p: number; size: number; sequence: number; keys: readonly number[] }[],
  equality: readonly { p: number | 'all'; sequence: number; keys: readonly number[] }[],
  position: readonly { p: number; sequence: number; picks: readonly { file: number; pos: number }[] }[],
): NaiveTable {
  let id = 0
  const data = files.map(
    (file, index): NaiveDataFile => ({
      path: `/t/data/f${index}.parquet`,
      sequence: file.sequence,
      p: file.p,
      sizeBytes: file.size,
      rows: file.keys.map((key) => {
        id += 1
        return { id, key }
      }),
    }),
  )
  const equalityDeletes = equality.map(
    (each, index): NaiveDelete => ({
      kind: 'equality',
      path: `/t/data/e${index}.parquet`,
      sequence: each.sequence,
      sizeBytes: MIB,
      p: each.p,
      keys: new Set(each.keys),
    }),
  )
  const positionDeletes = position.flatMap((each, index) => positionDelete(each, index, data))
  return { data, deletes: [...equalityDeletes, ...positionDeletes] }
}

// Only positions that a writer could have written: of files in the delete's partition that were there before it.
function positionDelete(
  each: { p: number; sequence: number; picks: readonly { file: number; pos: number }[] },
  index: number,
  data: readonly NaiveDataFile[],
): readonly NaiveDelete[] {
  const candidates = data.filter((file) => file.p === each.p && file.sequence <= each.sequence)
  const positions = each.picks.flatMap(({ file, pos }) => {
    const target = candidates[file % Math.max(1, candidates.length)]
    return target === undefined ? [] : [{ path: target.path, pos: pos % target.rows.length }]
  })
  if (positions.length === 0) return []
  return [
    {
      kind: 'position',
      path: `/t/data/d${index}.parquet`,
      sequence: each.sequence,
      sizeBytes: MIB,
      p: each.p,
      positions,
    },
  ]
}
