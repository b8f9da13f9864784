import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { parquetMetadata } from 'hyparquet'
import { dataInput, openLab, outputRows, type RewriteLab, schemaOf, storedRows, taskOf } from './testing/rewrite-lab.ts'

let lab: RewriteLab
before(() => {
  lab = openLab()
})
after(() => lab.close())

/** Kinds of failure that name a damaged file; anything else would blame somebody else. */
const EXPECTED = new Set(['corrupt', 'unsupported'])

const SEEDS = Number(process.env['MORAINE_CORRUPTION_SEEDS'] ?? 160)

type Damage = { readonly what: string; readonly bytes: Uint8Array }

/** Flips bits, overwrites stretches and cuts files off, by seed. */
function damage(bytes: Uint8Array, seed: number): Damage {
  const random = seededRandom(seed)
  const number = (below: number) => Buffer.from(random.bytes(4)).readUInt32LE() % below
  const damaged = Uint8Array.from(bytes)
  const at = number(bytes.length)
  switch (seed % 4) {
    case 0:
    case 1:
      damaged[at] = (damaged[at] ?? 0) ^ (1 << number(8))
      return { what: `bit at ${at}`, bytes: damaged }
    case 2: {
      const length = 1 + number(40)
      damaged.set(random.bytes(Math.min(length, bytes.length - at)), at)
      return { what: `${length} bytes at ${at}`, bytes: damaged }
    }
    default:
      return { what: `cut at ${at}`, bytes: damaged.subarray(0, at) }
  }
}

// Spark wrote these with checksums in the page headers.
const fixture = fileURLToPath(new URL('../../testkit/fixtures/tables/evolved-schema/table/data/', import.meta.url))
const FILES = readdirSync(fixture, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'))

test('a damaged data file with page checksums never becomes other rows, nor a hang, nor a crash', async () => {
  mkdirSync(join(lab.root, 'damaged'))
  const outcomes = { refused: 0, unharmed: 0 }
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const source = join(fixture, FILES[seed % FILES.length] ?? '')
    const original = readFileSync(source)
    const schema = schemaIn(original)
    const { what, bytes } = damage(original, seed)
    const path = join(lab.root, 'damaged', `${seed}-${basename(source)}`)
    writeFileSync(path, bytes)
    const input = { ...dataInput(source), filePath: path, fileSizeBytes: bytes.length }
    const kind = seed % 3 === 0 ? 'concat' : 'rewrite'
    const task = taskOf(lab, { schema }, { inputs: [input], method: { kind, reason: 'test' } })
    const label = `seed ${seed}: ${what} of ${basename(source)}, ${kind}`
    try {
      const result = await lab.run(task, { timeoutMs: 20_000 })
      if (result.method.kind === 'concat') {
        // A copy says what the damaged file says, where checksums let it pass: no more is lost than was lost before.
        const unreadable = () => 'unreadable'
        assert.deepEqual(await outputRows(result).catch(unreadable), await storedRows(path).catch(unreadable), label)
      } else {
        const clean = taskOf(lab, { schema }, { inputs: [dataInput(source)] })
        assert.deepEqual(await outputRows(result), await outputRows(await lab.run(clean)), label)
      }
      outcomes.unharmed += 1
    } catch (error) {
      if (!(error instanceof MoraineError)) throw new Error(label, { cause: error })
      assert.ok(EXPECTED.has(error.kind), `${label}: ${error.kind}: ${error.message}`)
      assert.ok(error.message.includes(basename(path)), `${label}: ${error.message}`)
      outcomes.refused += 1
    }
  }
  assert.ok(outcomes.refused > SEEDS / 3, JSON.stringify(outcomes))
  assert.deepEqual(lab.leftovers().work, [])
})

// The columns that the footer has at its top, by their ids.
function schemaIn(bytes: Uint8Array): ReturnType<typeof schemaOf> {
  const types = {
    INT32: 'int',
    INT64: 'long',
    FLOAT: 'float',
    DOUBLE: 'double',
    BYTE_ARRAY: 'string',
    BOOLEAN: 'boolean',
  } as const
  const { schema } = parquetMetadata(Uint8Array.from(bytes).buffer)
  return schemaOf(
    ...schema.slice(1).flatMap(({ name, type, field_id: id, logical_type, converted_type }) => {
      const kind = type === undefined || id === undefined ? undefined : types[type as keyof typeof types]
      const isPlain =
        kind === 'string' ? converted_type === 'UTF8' : logical_type === undefined && converted_type === undefined
      return kind === undefined || !isPlain ? [] : [[id ?? 0, name, kind] as [number, string, typeof kind]]
    }),
  )
}

test('a damaged file without checksums is refused, or its decoded values lie within what its footer promised', async () => {
  const path = await lab.writeSql(
    'unchecked.parquet',
    "SELECT i AS id, (i * 7 % 1000)::INT AS n, 'name ' || i AS name FROM range(20000) r(i)",
    'FIELD_IDS {id: 1, n: 2, name: 3}, COMPRESSION zstd',
  )
  const original = readFileSync(path)
  const schema = schemaOf([1, 'id', 'long'], [2, 'n', 'int'], [3, 'name', 'string'])
  const outcomes = { refused: 0, accepted: 0 }
  for (let seed = 1; seed <= 60; seed += 1) {
    const { what, bytes } = damage(original, seed)
    const damaged = join(lab.root, 'damaged', `u${seed}.parquet`)
    writeFileSync(damaged, bytes)
    const input = { ...dataInput(path), filePath: damaged, fileSizeBytes: bytes.length }
    const label = `seed ${seed}: ${what}`
    try {
      const result = await lab.run(taskOf(lab, { schema }, { inputs: [input] }), { timeoutMs: 20_000 })
      for (const { id, n } of await outputRows(result)) {
        assert.ok(Number(id) >= 0 && Number(id) < 20_000 && Number(n) >= 0 && Number(n) < 1000, label)
      }
      outcomes.accepted += 1
    } catch (error) {
      if (!(error instanceof MoraineError)) throw new Error(label, { cause: error })
      assert.ok(EXPECTED.has(error.kind), `${label}: ${error.kind}: ${error.message}`)
      assert.ok(error.message.includes(basename(damaged)), `${label}: ${error.message}`)
      outcomes.refused += 1
    }
  }
  assert.ok(outcomes.refused > 30, JSON.stringify(outcomes))
})
