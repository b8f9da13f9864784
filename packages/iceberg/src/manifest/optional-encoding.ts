import type { ByteSink } from '@moraine/avro/byte-sink'

// Values of an Avro union of null, in the first place, and one other type. No value is null.

export function encodeOptionalLong(sink: ByteSink, value: number | undefined): void {
  sink.writeLong(value === undefined ? 0 : 1)
  if (value !== undefined) sink.writeLong(value)
}

export function encodeOptionalBigLong(sink: ByteSink, value: bigint | undefined): void {
  sink.writeLong(value === undefined ? 0 : 1)
  if (value !== undefined) sink.writeBigLong(value)
}

export function encodeOptionalBytes(sink: ByteSink, value: Uint8Array | undefined): void {
  sink.writeLong(value === undefined ? 0 : 1)
  if (value !== undefined) sink.writeBytes(value)
}

export function encodeOptionalString(sink: ByteSink, value: string | undefined): void {
  sink.writeLong(value === undefined ? 0 : 1)
  if (value !== undefined) sink.writeString(value)
}

export function encodeOptionalList(sink: ByteSink, values: readonly number[] | undefined): void {
  sink.writeLong(values === undefined ? 0 : 1)
  if (values === undefined) return
  if (values.length > 0) sink.writeLong(values.length)
  for (const value of values) sink.writeLong(value)
  sink.writeLong(0)
}
