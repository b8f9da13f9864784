import { type Static, Type } from 'typebox'
import { epochMsInteger } from './envelope.ts'

export const healthStatus = Type.Object(
  {
    ams_ha_state: Type.Union([Type.Literal('INITIALIZING'), Type.Literal('FOLLOWER'), Type.Literal('LEADER')]),
  },
  { title: 'HealthStatus' },
)

export const versionInfo = Type.Object({ version: Type.String(), commitTime: Type.String() }, { title: 'VersionInfo' })
export type VersionInfo = Static<typeof versionInfo>

/** `/health`: what this process does, for load balancers and people. */
export const health = Type.Object(
  {
    status: Type.Union([Type.Literal('UP'), Type.Literal('DEGRADED')]),
    version: Type.String(),
    database: Type.Union([Type.Literal('UP'), Type.Literal('DOWN')]),
    reconcilers: Type.Record(
      Type.String(),
      Type.Object({ at: epochMsInteger, elapsedMs: Type.Number(), failure: Type.Optional(Type.String()) }),
    ),
  },
  { title: 'Health' },
)
export type Health = Static<typeof health>
