import type { ByteCursor } from '@moraine/avro/byte-cursor'
import type { ByteSink } from '@moraine/avro/byte-sink'
import type { FileMetrics } from './content-file.ts'
import type { FieldStep } from './entry-plan.ts'
import { ENTRY } from './field-id.ts'

/** Reads the metrics of the `data_file` record at the cursor; all its other fields are skipped. */
export function decodeMetrics(cursor: ByteCursor, dataFileSteps: readonly FieldStep[]): FileMetrics {
  const metrics = {
    columnSizes: new Map<number, number>(),
    valueCounts: new Map<number, number>(),
    nullValueCounts: new Map<number, number>(),
    nanValueCounts: new Map<number, number>(),
    lowerBounds: new Map<number, Uint8Array>(),
    upperBounds: new Map<number, Uint8Array>(),
  }
  for (const step of dataFileSteps) {
    cursor.field = step.name
    if (step.nullBranch >= 0 && cursor.readBranch(2) === step.nullBranch) continue
    switch (step.action) {
      case ENTRY.columnSizes:
        decodeCounts(cursor, metrics.columnSizes)
        break
      case ENTRY.valueCounts:
        decodeCounts(cursor, metrics.valueCounts)
        break
      case ENTRY.nullValueCounts:
        decodeCounts(cursor, metrics.nullValueCounts)
        break
      case ENTRY.nanValueCounts:
        decodeCounts(cursor, metrics.nanValueCounts)
        break
      case ENTRY.lowerBounds:
        decodeBounds(cursor, metrics.lowerBounds)
        break
      case ENTRY.upperBounds:
        decodeBounds(cursor, metrics.upperBounds)
        break
      default:
        step.skip(cursor)
    }
  }
  return metrics
}

/** Writes a map of counts by field id as an optional array of pairs; an empty one is null. */
export function encodeCounts(sink: ByteSink, counts: ReadonlyMap<number, number>): void {
  if (beginMap(sink, counts.size)) {
    for (const [fieldId, count] of counts) {
      sink.writeLong(fieldId)
      sink.writeLong(count)
    }
    sink.writeLong(0)
  }
}

export function encodeBounds(sink: ByteSink, bounds: ReadonlyMap<number, Uint8Array>): void {
  if (beginMap(sink, bounds.size)) {
    for (const [fieldId, bound] of bounds) {
      sink.writeLong(fieldId)
      sink.writeBytes(bound)
    }
    sink.writeLong(0)
  }
}

function beginMap(sink: ByteSink, size: number): boolean {
  sink.writeLong(size === 0 ? 0 : 1)
  if (size > 0) sink.writeLong(size)
  return size > 0
}

const PAIR_BYTES_MIN = 2

function decodeCounts(cursor: ByteCursor, counts: Map<number, number>): void {
  for (let left = cursor.readItemCount(PAIR_BYTES_MIN); left > 0; left = cursor.readItemCount(PAIR_BYTES_MIN)) {
    for (let index = 0; index < left; index += 1) {
      const fieldId = cursor.readInt()
      const count = cursor.readLong()
      if (count < 0) cursor.fail(`${count} is negative`)
      counts.set(fieldId, count)
    }
  }
}

/** Bounds are views of the block; whoever keeps some for long copies them. */
function decodeBounds(cursor: ByteCursor, bounds: Map<number, Uint8Array>): void {
  for (let left = cursor.readItemCount(PAIR_BYTES_MIN); left > 0; left = cursor.readItemCount(PAIR_BYTES_MIN)) {
    for (let index = 0; index < left; index += 1) {
      const fieldId = cursor.readInt()
      bounds.set(fieldId, cursor.readBytes())
    }
  }
}
