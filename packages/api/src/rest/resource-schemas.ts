import { type Static, Type } from 'typebox'
import { epochMsInteger, nullable, pageQuery, stringMap } from './envelope.ts'

export const groupParams = Type.Object({ group: Type.String() })

const actions = Type.Union([Type.Array(Type.String({ maxLength: 64 })), Type.String({ maxLength: 64 })], {
  description: 'Words of /optimize/actions: only tables with one of these.',
})

export const groupTablesQuery = Type.Object({
  dbSearchInput: Type.Optional(Type.String({ maxLength: 1000 })),
  tableSearchInput: Type.Optional(Type.String({ maxLength: 1000 })),
  actions: Type.Optional(actions),
  'actions[]': Type.Optional({ ...actions, description: 'The same, as the pages of Amoro write it.' }),
  ...pageQuery,
})

export const groupBody = Type.Object(
  {
    name: Type.String({ maxLength: 50 }),
    container: Type.String({ maxLength: 255 }),
    properties: Type.Optional(stringMap),
  },
  { title: 'GroupBody' },
)
export type GroupBody = Static<typeof groupBody>

export const groupRegistration = Type.Object(
  {
    url: Type.String({ description: 'Of the optimizing service: thrift://host:1261, or thrifts: with TLS.' }),
    groupSecret: Type.Union([Type.String(), Type.Null()], {
      description: 'Given to optimizers as MORAINE_GROUP_SECRET; null where they need none.',
    }),
  },
  { title: 'GroupRegistration' },
)
export type GroupRegistrationBody = Static<typeof groupRegistration>

export const groupName = Type.Object({ optimizerGroupName: Type.String() }, { title: 'GroupName' })

export const occupation = Type.Object(
  {
    resourceGroup: Type.Null({ description: 'Amoro sends none here.' }),
    occupationCore: Type.Integer({ description: 'Threads registered.' }),
    occupationMemory: Type.Number({ description: 'Megabytes registered: threads times the memory for each.' }),
  },
  { title: 'Occupation' },
)

export const resourceGroupEntry = Type.Object(
  {
    resourceGroup: Type.Object({ name: Type.String(), container: Type.String(), properties: stringMap }),
    occupationCore: Type.Integer(),
    occupationMemory: Type.Number(),
  },
  { title: 'ResourceGroupEntry' },
)
export type ResourceGroupEntry = Static<typeof resourceGroupEntry>

export const optimizerEntry = Type.Object(
  {
    token: Type.String({ description: 'Public id of the optimizer; never its credential.' }),
    startTime: epochMsInteger,
    touchTime: epochMsInteger,
    jobId: Type.String(),
    groupName: Type.String(),
    coreNumber: Type.Integer({ description: 'Threads.' }),
    memory: Type.Number({ description: 'Megabytes of all threads together.' }),
    jobStatus: Type.String({ description: 'RUNNING, or DRAINING: it ends its tasks and takes no more.' }),
    runningTasks: Type.Integer(),
    container: Type.String(),
  },
  { title: 'OptimizerEntry' },
)
export type OptimizerEntryBody = Static<typeof optimizerEntry>

export const resourceParams = Type.Object({
  resource: Type.String({ maxLength: 255, description: 'Of a resource, or of an optimizer as lists of them show it.' }),
})

export const releaseQuery = Type.Object({
  drain: Type.Optional(
    Type.Boolean({
      description:
        'Of an optimizer that was started by hand: have it end its tasks and take no more. Whoever started it stops it. Not in Amoro.',
    }),
  ),
})

const parallelism = Type.Integer({ minimum: 1, maximum: 1024, description: 'Threads of the optimizer.' })

export const scaleOutBody = Type.Object({ parallelism }, { title: 'ScaleOutBody' })

export const createOptimizerBody = Type.Object(
  { optimizerGroup: Type.String({ maxLength: 50 }), parallelism },
  { title: 'CreateOptimizerBody' },
)

export const resourceEntry = Type.Object(
  {
    resourceId: Type.String(),
    group: Type.String(),
    container: Type.String(),
    threads: Type.Integer(),
    memoryMb: Type.Integer({ description: 'For each thread.' }),
    requestedAt: epochMsInteger,
    requestReason: Type.String({ description: 'Who wanted it, and why.' }),
    status: Type.String({ description: 'requested, launched, releasing or ended.' }),
    launchedAt: nullable(epochMsInteger),
    endedAt: nullable(epochMsInteger),
    endReason: nullable(Type.String({ description: 'Why it goes, or went.' })),
    isFailure: Type.Boolean({ description: 'It goes, or went, without having been wanted to.' }),
    attempts: Type.Integer({ description: 'Orders to its container that failed.' }),
    /** When its container is asked again. */
    retryAt: nullable(epochMsInteger),
    failure: nullable(Type.String({ description: 'Why the last order failed.' })),
    optimizers: Type.Array(Type.String(), { description: 'Public ids of what is registered of it.' }),
  },
  { title: 'ResourceEntry' },
)
export type ResourceEntryBody = Static<typeof resourceEntry>

export const containerEntry = Type.Object(
  {
    name: Type.String(),
    classpath: Type.String({ description: "Amoro's class, or external." }),
    properties: stringMap,
    optimizeGroup: Type.Array(Type.Object({ name: Type.String(), container: Type.String(), properties: stringMap })),
  },
  { title: 'ContainerEntry' },
)
export type ContainerEntry = Static<typeof containerEntry>
