import { type Static, type TSchema, Type } from 'typebox'

/** What Amoro's clients expect around every answer; `code` is the HTTP status once more. */
export function envelope<T extends TSchema>(result: T) {
  return Type.Object({ message: Type.Literal('success'), code: Type.Literal(200), result })
}

export const errorEnvelope = Type.Object(
  {
    message: Type.String({ description: 'What is wrong, with the thing it is wrong with and the remedy.' }),
    code: Type.Integer({ description: 'The HTTP status of this answer.' }),
    kind: Type.String({ description: 'What a program may act on, for example not-found.' }),
    requestId: Type.String({ description: 'Names the request in the log.' }),
  },
  { title: 'Failure', description: 'A failure.' },
)
export type ErrorEnvelope = Static<typeof errorEnvelope>

export function page<T extends TSchema>(item: T) {
  return Type.Object({ list: Type.Array(item), total: Type.Integer() })
}

/** 1-based pages, as in Amoro. */
export const pageQuery = {
  page: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 }),
  pageSize: Type.Integer({ minimum: 1, maximum: 500, default: 20 }),
}

/** A value that may be absent, sent as `null`. */
export function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()])
}

/** A 64-bit integer as decimal text: a JSON number would lose digits in a browser. */
export const int64Text = Type.String({ pattern: '^-?\\d{1,19}$' })
export const epochMsInteger = Type.Integer({ description: 'Milliseconds since 1970-01-01T00:00:00Z.' })
export const stringMap = Type.Record(Type.String(), Type.String())

/** A size as Amoro writes it. */
export const sizeText = Type.String({ description: 'For people, such as 51.15KB; 1 KB is 1024 bytes.' })
/** What stands beside {@link sizeText}. */
export const sizeBytes = Type.Number({ description: 'The same in bytes. Not in Amoro.' })
