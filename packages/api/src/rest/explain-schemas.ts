import { type Static, Type } from 'typebox'
import { epochMsInteger, nullable } from './envelope.ts'
import { requestFields, tableVerdict } from './table-schemas.ts'

export const explainQuery = Type.Object({
  partitions: Type.Integer({ minimum: 0, maximum: 1000, default: 100, description: 'So many of them at most.' }),
  partition: Type.Optional(
    Type.String({ maxLength: 4000, description: 'Only this one, as in region=eu/day=2024-01-31.' }),
  ),
})

const partition = Type.Object({
  partition: Type.String({ description: 'Empty for a table that is not partitioned.' }),
  due: nullable(Type.String({ description: 'The optimizing type whose trigger holds.' })),
  text: Type.String(),
  figures: Type.Record(Type.String(), Type.Number()),
  isRequested: Type.Boolean({ description: 'The request names it, or asks for all of the table.' }),
  optimizedAt: Type.Object({ minor: epochMsInteger, major: epochMsInteger, full: epochMsInteger }),
})

const output = Type.Object(
  {
    processId: Type.String(),
    taskId: Type.Integer(),
    attempt: Type.Integer(),
    commit: Type.String({
      description:
        'never-tried, refused: the files are deleted; unknown: a commit may have been made, they are kept until the table refers to them or they are gone.',
    }),
    dueAt: epochMsInteger,
    tries: Type.Integer(),
    reason: nullable(Type.String({ description: 'Why the last try did not end it.' })),
  },
  { description: 'What an attempt wrote that is not known to be in the table.' },
)

export const tableExplanation = Type.Object(
  {
    verdict: tableVerdict,
    remedy: Type.String({ description: 'What would change the answer.' }),
    request: nullable(
      Type.Object(requestFields, {
        description: 'What a person asked for and is not planned yet; of several requests the first moment.',
      }),
    ),
    unknownProperties: Type.Array(
      Type.Object({
        key: Type.String(),
        meant: nullable(Type.String({ description: 'The property that is near.' })),
      }),
      { description: 'Properties of the table that begin like ours and that nobody reads.' },
    ),
    queue: nullable(
      Type.Object({
        position: Type.Integer({ description: 'From 1.' }),
        of: Type.Integer(),
        policy: Type.String(),
        ahead: Type.Array(Type.String(), { description: 'The first of those that are planned before.' }),
        hasWorkAhead: Type.Boolean({ description: 'The group has as much planned as its threads can work on.' }),
      }),
    ),
    quota: Type.Object({
      quota: Type.Number({ description: 'self-optimizing.quota' }),
      threads: Type.Integer({ description: 'That it comes to now.' }),
      running: Type.Integer(),
      waiting: Type.Integer(),
      usedMs: Type.Number({ description: 'Of attempts within the window.' }),
      windowMs: Type.Integer(),
      occupation: Type.Number({ description: '1 is all of it.' }),
    }),
    work: Type.Array(
      Type.Object({
        taskId: Type.Integer(),
        partition: Type.String(),
        attempt: Type.Integer(),
        optimizerId: Type.String(),
        threadId: Type.Integer(),
        since: epochMsInteger,
        lastHeardAt: nullable(epochMsInteger),
      }),
    ),
    failures: Type.Array(
      Type.Object({
        at: epochMsInteger,
        processId: Type.String(),
        taskId: nullable(Type.Integer()),
        reason: Type.String(),
      }),
    ),
    outputs: Type.Array(output, { description: 'The oldest of them.' }),
    outputsTotal: Type.Integer(),
    partitions: Type.Array(partition),
    partitionsTotal: Type.Integer(),
    /** Where the files cannot be read now, all but the partitions is told. */
    partitionsFailure: nullable(Type.String({ description: 'Why partitions could not be looked at.' })),
  },
  { title: 'TableExplanation' },
)
export type TableExplanationBody = Static<typeof tableExplanation>
