import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatTableMetadata, parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { TYPE_LEVELS_MAX } from '@moraine/iceberg/schema/check-schema'
import { type IcebergType, isPrimitive, type PrimitiveType } from '@moraine/iceberg/schema/type'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { JSON_VALUES_MAX } from '@moraine/stdx/exact-json'
import { hasMoreValues } from '@moraine/stdx/exact-json-count'

/**
 * The text of a metadata file, made once for each value: a commit writes it to a file, and the REST protocol sends the
 * same text to whoever loads the table until the next commit. It is forgotten with the value.
 *
 * @throws {MoraineError} `invalid-input` if there is no text that long
 */
export function metadataText(metadata: TableMetadata): string {
  const known = texts.get(metadata)
  if (known !== undefined) return known
  const text = formatted(metadata)
  texts.set(metadata, text)
  return text
}

/**
 * The same for a file that is to be written: what could not be read back would make the table unreadable for good.
 *
 * @throws {MoraineError} `invalid-input` saying why it could not
 */
export function storableMetadataText(metadata: TableMetadata, max = MAX): string {
  const text = metadataText(metadata)
  if (text.length > max.length) throw tooLarge(`${text.length} characters`, max.length)
  if (hasMoreValues(text, max.values)) throw tooLarge('too many JSON values', max.values)
  const isDeep = metadata.schemas.some(({ fields }) => isNested({ kind: 'struct', fields }, TYPE_LEVELS_MAX + 1))
  // Who came by such a schema elsewhere has it if it is read here.
  if (isDeep) checkReadable(text, metadata.location)
  return text
}

/** Half of what readers take, and of what a string can hold. */
const TEXT_LENGTH_MAX = 256 * 2 ** 20

const MAX = { length: TEXT_LENGTH_MAX, values: JSON_VALUES_MAX }

const texts = new WeakMap<TableMetadata, string>()

function formatted(metadata: TableMetadata): string {
  try {
    return formatTableMetadata(metadata)
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge('more characters than a text can', TEXT_LENGTH_MAX)
    throw error
  }
}

function tooLarge(has: string, lengthMax: number): MoraineError {
  return new MoraineError(
    'invalid-input',
    `the metadata of the table would have ${has}, more than ${lengthMax}; expire snapshots, or remove properties`,
  )
}

function checkReadable(text: string, location: string): void {
  try {
    parseTableMetadata(text, `the metadata of the table at ${location}`)
  } catch (cause) {
    if (!isKind(cause, 'corrupt')) throw cause
    throw new MoraineError('invalid-input', `it could not be read again: ${cause.message}`, { cause })
  }
}

/** Whether it has more than so many levels of types, itself included. */
function isNested(type: IcebergType, levels: number): boolean {
  return !isPrimitive(type) && (levels === 0 || partsOf(type).some((part) => isNested(part, levels - 1)))
}

function partsOf(type: Exclude<IcebergType, PrimitiveType>): readonly IcebergType[] {
  if (type.kind === 'struct') return type.fields.map((field) => field.type)
  return type.kind === 'list' ? [type.element] : [type.key, type.value]
}
