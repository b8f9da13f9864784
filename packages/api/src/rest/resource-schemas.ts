import { Type } from 'typebox'
import { epochMsInteger, pageQuery, stringMap } from './envelope.ts'

export const groupParams = Type.Object({ group: Type.String() })

export const groupTablesQuery = Type.Object({
  dbSearchInput: Type.Optional(Type.String({ maxLength: 1000 })),
  tableSearchInput: Type.Optional(Type.String({ maxLength: 1000 })),
  actions: Type.Optional(Type.Union([Type.Array(Type.String({ maxLength: 64 })), Type.String({ maxLength: 64 })])),
  ...pageQuery,
})

export const groupName = Type.Object({ optimizerGroupName: Type.String() })

export const occupation = Type.Object({
  resourceGroup: Type.Null({ description: 'Amoro sends none here.' }),
  occupationCore: Type.Integer({ description: 'Threads registered.' }),
  occupationMemory: Type.Number({ description: 'Megabytes registered.' }),
})

export const resourceGroupEntry = Type.Object({
  resourceGroup: Type.Object({ name: Type.String(), container: Type.String(), properties: stringMap }),
  occupationCore: Type.Integer(),
  occupationMemory: Type.Number(),
})

export const optimizerEntry = Type.Object({
  token: Type.String({ description: 'Public id of the optimizer; never its credential.' }),
  startTime: epochMsInteger,
  touchTime: epochMsInteger,
  jobId: Type.String(),
  groupName: Type.String(),
  coreNumber: Type.Integer(),
  memory: Type.Number(),
  jobStatus: Type.String({ description: 'RUNNING, or DRAINING: it ends its tasks and takes no more.' }),
  runningTasks: Type.Integer(),
  container: Type.String(),
})
