import type { ParquetFooter } from '../footer/parquet-footer.ts'
import type { ConcatInput } from './concat-plan.ts'

/** Why a file's row groups cannot be copied at all, whatever they are combined with. */
export function refusalOf(input: ConcatInput): string | undefined {
  const { footer } = input.source
  const { metadata, file } = footer
  const reason =
    encryption(footer) ??
    (isLegacyWriter(metadata.createdBy)
      ? `was written by ${metadata.createdBy}, whose bugs readers work around`
      : undefined) ??
    (refersToOtherFiles(footer) ? 'keeps column data in other files' : undefined) ??
    unknownRowGroup(input) ??
    contradictoryRows(footer) ??
    impossibleLineage(input)
  return reason === undefined ? undefined : `${file.name} ${reason}`
}

function encryption({ metadata }: ParquetFooter): string | undefined {
  const isEncrypted =
    metadata.encryptionAlgorithm !== undefined ||
    metadata.rowGroups.some((group) =>
      group.columns.some((chunk) => chunk.cryptoMetadata !== undefined || chunk.encryptedMetadata !== undefined),
    )
  return isEncrypted ? 'is encrypted' : undefined
}

/**
 * parquet-mr before 1.8.0 wrote chunk sizes that are too small, wrong bounds of binary columns and a DELTA_BYTE_ARRAY that
 * must be read in sequence (PARQUET-816, -251, -246). Readers know by `created_by`, which the output cannot keep.
 */
function isLegacyWriter(createdBy: string | undefined): boolean {
  const version = /^parquet-mr(?:\s+version\s+(\d+)\.(\d+))?/i.exec(createdBy ?? '')
  if (version === null) return false
  const [, major, minor] = version
  return major === undefined || (Number(major) === 1 && Number(minor) < 8)
}

function refersToOtherFiles({ metadata }: ParquetFooter): boolean {
  return metadata.rowGroups.some((group) => group.columns.some((chunk) => chunk.filePath !== undefined))
}

function unknownRowGroup({ source, rowGroups }: ConcatInput): string | undefined {
  const count = source.footer.metadata.rowGroups.length
  const unknown = rowGroups?.find((at) => !Number.isInteger(at) || at < 0 || at >= count)
  return unknown === undefined ? undefined : `has ${count} row groups, none at position ${unknown}`
}

// Without repetition every row has one value, null or not.
function contradictoryRows({ metadata, leaves }: ParquetFooter): string | undefined {
  for (const [at, group] of metadata.rowGroups.entries()) {
    const wrong = leaves.findIndex((leaf, column) => {
      return leaf.maxRepetitionLevel === 0 && group.columns[column]?.metadata?.numValues !== group.numRows
    })
    const leaf = leaves[wrong]
    if (leaf !== undefined) {
      return `has ${group.numRows} rows in row group ${at}, but column ${leaf.path.join('.')} has another number of values`
    }
  }
  return undefined
}

// Lineage pages take about 10 bytes for 128 rows and are made in memory.
const LINEAGE_ROWS_MAX = 2 ** 29

function impossibleLineage({ source, lineage }: ConcatInput): string | undefined {
  if (lineage === undefined) return undefined
  const rows = source.footer.metadata.numRows
  if (rows > LINEAGE_ROWS_MAX) return `has ${rows} rows, too many to write their lineage`
  const last = lineage.firstRowId + BigInt(rows)
  const isValid = lineage.firstRowId >= 0n && lineage.sequenceNumber >= 0n
  const fits = BigInt.asIntN(64, last) === last && BigInt.asIntN(64, lineage.sequenceNumber) === lineage.sequenceNumber
  return isValid && fits
    ? undefined
    : `cannot have first row id ${lineage.firstRowId} and sequence number ${lineage.sequenceNumber}`
}
