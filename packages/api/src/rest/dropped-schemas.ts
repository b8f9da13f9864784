import { Type } from 'typebox'
import { epochMsInteger, nullable } from './envelope.ts'

export const droppedTable = Type.Object(
  {
    dropId: Type.String(),
    kind: Type.Union([Type.Literal('table'), Type.Literal('view')]),
    namespace: Type.Array(Type.String()),
    name: Type.String(),
    metadataLocation: Type.String(),
    droppedAt: epochMsInteger,
    purgeAt: epochMsInteger,
    purgesFiles: Type.Boolean({ description: 'Whether its files are removed at purgeAt; else it is only forgotten.' }),
    isDue: Type.Boolean({
      description: 'Whether purgeAt has come: it cannot be had back, and goes with the next round.',
    }),
  },
  { title: 'DroppedTable' },
)

export const droppedPage = Type.Object(
  {
    list: Type.Array(droppedTable),
    nextPage: nullable(Type.String()),
    purgeIntervalMs: Type.Integer({ description: 'How much time passes between two rounds that purge what is due.' }),
  },
  { title: 'DroppedPage' },
)
export const droppedQuery = Type.Object({
  nextPage: Type.Optional(Type.String({ maxLength: 100, description: 'As the page before said.' })),
})
export const droppedParams = Type.Object({ catalog: Type.String(), dropId: Type.String({ maxLength: 100 }) })

export const purgeBody = Type.Object(
  {
    files: Type.Optional(
      Type.Boolean({ description: 'Whether its files are removed; absent: as it was said when it was dropped.' }),
    ),
  },
  { title: 'PurgeBody' },
)

/** Absent: under the name that it had. */
export const restoreBody = Type.Object(
  {
    as: Type.Optional(
      Type.Object({ namespace: Type.Array(Type.String(), { minItems: 1, maxItems: 100 }), name: Type.String() }),
    ),
  },
  { title: 'RestoreBody' },
)
