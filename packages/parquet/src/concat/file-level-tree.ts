import { must } from '@moraine/stdx/assert'
import {
  encodeCompactTree,
  findField,
  i64Value,
  structList,
  structsOf,
  type ThriftList,
  type ThriftStruct,
  type ThriftValue,
  textValue,
  withFields,
} from '@moraine/thrift/thrift-tree'
import type { ConcatInput, ConcatOptions, ConcatRefusal } from './concat-plan.ts'

export type FileLevel = {
  readonly elements: readonly ThriftStruct[]
  readonly columnOrders: ThriftList | undefined
  /** Some inputs get columns that their writers' own description of the schema does not know. */
  readonly appendsLineage: boolean
  readonly rows: number
  readonly rowGroups: readonly ThriftStruct[]
}

/**
 * The output's FileMetaData. Key-value metadata is that of the first input; fields that we do not know are kept if all
 * inputs agree on them, and rule the copy out if they do not.
 */
export function fileLevelTree(
  inputs: readonly ConcatInput[],
  options: ConcatOptions,
  level: FileLevel,
): ThriftStruct | ConcatRefusal {
  const footers = inputs.map((input) => input.source.footer)
  const first = must(footers[0], 'the first input')
  const differing = footers.find((footer) => unknownText(footer.tree) !== unknownText(first.tree))
  if (differing !== undefined) {
    const names = `${first.file.name} and ${differing.file.name}`
    return { kind: 'refused', reason: `the footers of ${names} differ in fields that this version does not know` }
  }
  // Readers know some writers' bugs by this name, so it is kept where it is true of every page.
  const writers = new Set(footers.map((footer) => footer.metadata.createdBy))
  return withFields(first.tree, {
    1: { type: 'i32', value: Math.max(...footers.map((footer) => footer.metadata.version)) },
    2: structList(level.elements),
    3: i64Value(level.rows),
    4: structList(level.rowGroups),
    5: keyValues(first.tree, level.appendsLineage),
    6: writers.size === 1 ? findField(first.tree, 6) : textValue(options.createdBy),
    7: level.columnOrders,
  })
}

const KNOWN_FIELDS: readonly number[] = [1, 2, 3, 4, 5, 6, 7]

function unknownText(tree: ThriftStruct): string {
  const fields = tree.fields.filter(({ id }) => !KNOWN_FIELDS.includes(id))
  return Buffer.from(encodeCompactTree({ type: 'struct', fields })).toString('latin1')
}

// Arrow readers apply their stored schema column by column; it must not lack any.
const ARROW_SCHEMA = 'ARROW:schema'

function keyValues(tree: ThriftStruct, appendsLineage: boolean): ThriftValue | undefined {
  if (!appendsLineage) return findField(tree, 5)
  const kept = structsOf(tree, 5).filter((entry) => {
    const key = findField(entry, 1)
    return key?.type !== 'binary' || Buffer.from(key.value).toString() !== ARROW_SCHEMA
  })
  return kept.length === 0 ? undefined : structList(kept)
}
