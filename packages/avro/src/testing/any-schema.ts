import { type Random, seededRandom } from '@moraine/stdx/random'
import type { AvroValue } from '../avro-value.ts'

/** A schema of any kind, some levels deep, and values that fit it; the same seed gives the same. */
export function anySchema(seed: number): { readonly text: string; readonly values: readonly AvroValue[] } {
  const dice = new Dice(seededRandom(seed))
  const sample = anySample(dice, 3)
  return { text: JSON.stringify(sample.json), values: Array.from({ length: dice.upTo(8) }, () => sample.value()) }
}

/** A schema as JSON, and a source of values that fit it. */
type Sample = { readonly json: unknown; readonly value: () => AvroValue }

class Dice {
  readonly #random: Random
  #names = 0

  constructor(random: Random) {
    this.#random = random
  }

  bytes(length: number): Uint8Array {
    return this.#random.bytes(length)
  }

  int64(): bigint {
    const value = new DataView(this.bytes(8).buffer).getBigInt64(0)
    return value >> BigInt(this.upTo(63))
  }

  upTo(most: number): number {
    return new DataView(this.bytes(4).buffer).getUint32(0) % (most + 1)
  }

  oneOf<T>(items: readonly [T, ...T[]]): T {
    return items[this.upTo(items.length - 1)] ?? items[0]
  }

  name(): string {
    this.#names += 1
    return `N${this.#names}`
  }
}

function anySample(dice: Dice, depth: number): Sample {
  const make = depth === 0 ? leaf : dice.oneOf([leaf, enumeration, fixed, array, map, option, union, record])
  return make(dice, depth)
}

function leaf(dice: Dice): Sample {
  const leaves: readonly [Sample, ...Sample[]] = [
    { json: 'null', value: () => null },
    { json: 'boolean', value: () => dice.upTo(1) === 1 },
    { json: { type: 'int', logicalType: 'date' }, value: () => Number(BigInt.asIntN(32, dice.int64())) },
    { json: 'long', value: () => dice.int64() },
    { json: 'float', value: () => Math.fround(Number(dice.int64()) / 3) },
    { json: { type: 'double' }, value: () => Number(dice.int64()) / 3 },
    { json: 'bytes', value: () => dice.bytes(dice.upTo(100)) },
    { json: 'string', value: () => text(dice) },
  ]
  return dice.oneOf(leaves)
}

function text(dice: Dice): string {
  return Array.from({ length: dice.upTo(70) }, () => dice.oneOf(['a', '/', 'é', '漢', '😀', '\u0000'])).join('')
}

function enumeration(dice: Dice): Sample {
  return {
    json: { type: 'enum', name: dice.name(), symbols: ['A', 'B', 'C'] },
    value: () => dice.oneOf(['A', 'B', 'C']),
  }
}

function fixed(dice: Dice): Sample {
  const size = dice.upTo(20)
  return { json: { type: 'fixed', name: dice.name(), size }, value: () => dice.bytes(size) }
}

function array(dice: Dice, depth: number): Sample {
  const items = anySample(dice, depth - 1)
  const value = () => Array.from({ length: dice.upTo(5) }, items.value)
  return { json: { type: 'array', items: items.json, 'element-id': 7 }, value }
}

function map(dice: Dice, depth: number): Sample {
  const values = anySample(dice, depth - 1)
  const value = () => new Map(Array.from({ length: dice.upTo(5) }, () => [text(dice), values.value()]))
  return { json: { type: 'map', values: values.json }, value }
}

function option(dice: Dice, depth: number): Sample {
  const inner = anySample(dice, depth - 1)
  if (inner.json === 'null' || Array.isArray(inner.json)) return inner
  const json = dice.oneOf([
    ['null', inner.json],
    [inner.json, 'null'],
  ])
  return { json, value: () => (dice.upTo(2) === 0 ? null : inner.value()) }
}

function union(dice: Dice, depth: number): Sample {
  const branches: [Sample, ...Sample[]] = [
    record(dice, depth),
    { json: 'null', value: () => null },
    { json: 'long', value: () => dice.int64() },
    record(dice, depth),
  ]
  const value = () => {
    const branch = dice.upTo(branches.length - 1)
    return { branch, value: branches[branch]?.value() ?? null }
  }
  return { json: branches.map((branch) => branch.json), value }
}

function record(dice: Dice, depth: number): Sample {
  const name = dice.name()
  const fields = Array.from({ length: dice.upTo(4) }, (_, index) => ({
    name: `f${index}`,
    sample: anySample(dice, depth - 1),
  }))
  const json = fields.map((field, index) => ({ name: field.name, type: field.sample.json, 'field-id': index }))
  return {
    json: { type: 'record', name, fields: json },
    value: () => Object.fromEntries(fields.map((field) => [field.name, field.sample.value()])),
  }
}
