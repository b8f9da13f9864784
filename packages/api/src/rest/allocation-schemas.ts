import { type Static, Type } from 'typebox'
import { epochMsInteger, nullable } from './envelope.ts'

export const groupAllocation = Type.Object(
  {
    group: Type.String(),
    rule: Type.String({
      description:
        'off, invalid, unseen (the leader has yet to look), launching, releasing, backlog, next-step, at-maximum, backing-off, planning-bound, at-minimum, not-idle-yet, cooling-down or enough.',
    }),
    text: Type.String({ description: 'One sentence with the figures.' }),
    remedy: Type.String({ description: 'What would change the answer.' }),
    since: nullable(epochMsInteger),
    until: nullable(epochMsInteger),
    figures: Type.Record(Type.String(), Type.Number(), {
      description: 'Threads, tasks and tables at the last decision.',
    }),
    settings: Type.Union([Type.Record(Type.String(), Type.Number()), Type.Null()], {
      description: 'As they are in force: threads, and milliseconds.',
    }),
    launches: Type.Integer({ description: 'How often optimizers were launched.' }),
    releases: Type.Integer(),
    launchedAt: nullable(epochMsInteger),
    releasedAt: nullable(epochMsInteger),
    backlogSince: nullable(epochMsInteger),
    failures: Type.Array(Type.Object({ resourceId: Type.String(), at: epochMsInteger, reason: Type.String() }), {
      description: 'Optimizers that ended without having been wanted to, the last first.',
    }),
  },
  { title: 'GroupAllocation' },
)

export type GroupAllocationBody = Static<typeof groupAllocation>
