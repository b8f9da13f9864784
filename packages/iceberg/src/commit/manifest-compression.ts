import { type AvroCompression, DEFAULT_COMPRESSION } from '@moraine/avro/block-codec'
import { MoraineError } from '@moraine/stdx/error'
import type { TableMetadata } from '../metadata/table-metadata.ts'

const CODEC = 'write.manifest.compression-codec'
const LEVEL = 'write.manifest.compression-level'

/**
 * How manifests are compressed, by the table's `write.manifest.compression-codec` (`gzip` by default, which in Avro files
 * is deflate) and `write.manifest.compression-level`, the properties of the reference implementation. Snappy is read
 * but not written: manifests of such a table are deflated, which every reader reads, since a file names its own codec.
 *
 * @throws {MoraineError} `invalid-input` naming the property.
 */
export function manifestCompression({ properties }: TableMetadata): AvroCompression {
  const name = properties[CODEC]?.toLowerCase() ?? 'gzip'
  switch (name) {
    case 'gzip':
      return { codec: 'deflate', level: levelOf(properties, DEFLATE_LEVEL, { min: 0, max: 9 }) }
    case 'zstd':
      return { codec: 'zstandard', level: levelOf(properties, ZSTD_LEVEL, { min: -7, max: 22 }) }
    case 'uncompressed':
      return { codec: 'null' }
    case 'snappy':
      return DEFAULT_COMPRESSION
    default:
      throw new MoraineError(
        'invalid-input',
        `table property ${CODEC} is '${properties[CODEC]}': it must be gzip, zstd, snappy or uncompressed`,
      )
  }
}

const DEFLATE_LEVEL = DEFAULT_COMPRESSION.codec === 'deflate' ? DEFAULT_COMPRESSION.level : 6
const ZSTD_LEVEL = 1

function levelOf(
  properties: TableMetadata['properties'],
  fallback: number,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const text = properties[LEVEL]
  if (text === undefined) return fallback
  const level = Number(text)
  if (text.trim() !== '' && Number.isInteger(level) && level >= min && level <= max) return level
  throw new MoraineError('invalid-input', `table property ${LEVEL} is '${text}': it must be from ${min} to ${max}`)
}
