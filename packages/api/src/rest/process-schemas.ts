import { type Static, Type } from 'typebox'
import { epochMsInteger, nullable, pageQuery, stringMap } from './envelope.ts'

const files = Type.Object({
  fileCnt: Type.Integer(),
  totalSize: Type.Number(),
  averageSize: Type.Number(),
})

export const processParams = Type.Object({
  catalog: Type.String(),
  db: Type.String(),
  table: Type.String(),
  processId: Type.String({ pattern: '^\\d{1,19}$' }),
})

const category = {
  processCategory: Type.Optional(
    Type.String({ maxLength: 64, description: 'OPTIMIZING (the default), CLEANUP or PROFILING.' }),
  ),
}

export const processTypesQuery = Type.Object(category)

export const processesQuery = Type.Object({
  type: Type.Optional(Type.String({ maxLength: 64 })),
  status: Type.Optional(Type.String({ maxLength: 64, description: 'A word of Amoro, or one of state.status.' })),
  ...category,
  ...pageQuery,
})

export const optimizingProcess = Type.Object(
  {
    tableId: Type.Integer(),
    catalogName: Type.String(),
    dbName: Type.String(),
    tableName: Type.String(),
    processId: Type.String(),
    startTime: epochMsInteger,
    optimizingType: Type.String(),
    status: Type.String({ description: "Amoro's word: RUNNING, SUCCESS, FAILED or CLOSED." }),
    state: Type.Object({
      status: Type.String({ description: 'executing, committing, succeeded, failed or canceled.' }),
      committedTasks: nullable(Type.Integer({ description: 'Tasks whose work is in the table.' })),
    }),
    failReason: nullable(Type.String()),
    duration: Type.Number(),
    successTasks: Type.Integer(),
    totalTasks: Type.Integer(),
    runningTasks: Type.Integer(),
    finishTime: nullable(epochMsInteger),
    inputFiles: files,
    outputFiles: files,
    summary: { ...stringMap, description: "Figures under Amoro's names, and ids of snapshots." },
    groupName: Type.String({ description: 'The resource group that works on it. Not in Amoro.' }),
    isRequested: Type.Boolean({ description: 'A person asked for it. Not in Amoro.' }),
    healthBefore: nullable(Type.Number({ description: 'Of the table, once it is committed to. Not in Amoro.' })),
  },
  { title: 'OptimizingProcess' },
)
export type OptimizingProcessBody = Static<typeof optimizingProcess>

export const taskEntry = Type.Object(
  {
    tableId: Type.Integer(),
    processId: Type.String(),
    taskId: Type.Integer(),
    partitionData: Type.String(),
    status: Type.String(),
    retryNum: Type.Integer({ description: 'Attempts that ended before the present one.' }),
    optimizerToken: nullable(Type.String({ description: 'Public id of the optimizer; never its credential.' })),
    threadId: nullable(Type.Integer()),
    startTime: nullable(epochMsInteger),
    endTime: nullable(epochMsInteger),
    costTime: Type.Number(),
    failReason: nullable(Type.String()),
    inputFiles: files,
    outputFiles: files,
    summary: { ...stringMap, description: "Figures under Amoro's names; sizes for people." },
    properties: stringMap,
    cost: nullable(
      Type.Object(
        {
          method: Type.String({ description: 'What was done, if the footers ruled out the planned method.' }),
          records: Type.Number({ description: 'Written.' }),
          elapsedMs: Type.Number(),
          cpuMs: Type.Number(),
          peakRssBytes: Type.Number({ description: 'Of the process that did the work.' }),
        },
        { description: 'What the attempt took that succeeded. Not in Amoro.' },
      ),
    ),
  },
  { title: 'TaskEntry' },
)
export type TaskEntry = Static<typeof taskEntry>

export const cancelResult = Type.Object(
  {
    state: Type.Union([Type.Literal('canceled'), Type.Literal('committing')], {
      description: 'committing: what had succeeded is still committed, as the table allows.',
    }),
  },
  { title: 'CancelResult' },
)
export type CancelResult = Static<typeof cancelResult>
