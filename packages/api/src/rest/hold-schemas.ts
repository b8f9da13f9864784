import { type Static, Type } from 'typebox'
import { epochMsInteger, stringMap } from './envelope.ts'
import { tableParams } from './table-schemas.ts'

const note = Type.String({ maxLength: 1000, description: 'Why, for those who find the table at rest.' })

export const pauseBody = Type.Object({ reason: Type.Optional(note) }, { title: 'PauseBody' })

const operation = Type.Union([Type.Literal('optimize'), Type.Literal('batch-write')], {
  description: 'optimize forbids plans, tasks and commits of the service; batch-write is heeded among engines.',
})

export const newBlockerBody = Type.Object(
  {
    operations: Type.Array(operation, { minItems: 1, maxItems: 2, uniqueItems: true }),
    properties: Type.Optional(stringMap),
  },
  { title: 'NewBlockerBody' },
)

export const blockerParams = Type.Object({ ...tableParams.properties, blocker: Type.String({ maxLength: 64 }) })

export const blocker = Type.Object(
  {
    blockerId: Type.String(),
    operations: Type.Array(operation),
    properties: stringMap,
    createdAt: epochMsInteger,
    expiresAt: epochMsInteger,
  },
  { title: 'Blocker' },
)

export type BlockerBody = Static<typeof blocker>
