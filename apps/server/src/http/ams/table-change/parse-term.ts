import { parseTransform, type Transform } from '@moraine/iceberg/partition/transform'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { failAt, type JsonPlace } from '@moraine/stdx/exact-json-decode'
import { namedColumn } from './named-column.ts'

/** A column of a schema, transformed. */
export type Term = { readonly sourceId: number; readonly sourceName: string; readonly transform: Transform }

/** `region`, `day(ts)`, `bucket[16](id)` or, as in SQL, `bucket(16, id)`. */
export function parseTerm(text: string, schema: Schema, at: JsonPlace): Term {
  const trimmed = text.trim()
  // What stands in the brackets is trimmed afterwards: an expression that did it would try every way to cut blanks.
  const inSql = /^(bucket|truncate)\(\s*(\d+)\s*,(.+)\)$/i.exec(trimmed)
  if (inSql !== null) return termOf((inSql[3] ?? '').trim(), `${inSql[1]}[${inSql[2]}]`, schema, at)
  const [, transform = 'identity', source = trimmed] = /^([a-z]+(?:\[\d+\])?)\((.+)\)$/i.exec(trimmed) ?? []
  return termOf(source.trim(), transform, schema, at)
}

/** @throws {MoraineError} `invalid-input` for a transform that is none, or cannot be asked for */
export function termOf(source: string, transformText: string, schema: Schema, at: JsonPlace): Term {
  const transform = parseTransform(transformText.trim())
  if (transform.kind === 'unknown' || transform.kind === 'void') {
    const known = 'identity, year, month, day, hour, bucket[n] and truncate[n]'
    failAt(at, `has the transform ${transformText}; there are ${known}`)
  }
  const { field, fullName } = namedColumn(schema, source, at)
  return { sourceId: field.id, sourceName: fullName, transform }
}
