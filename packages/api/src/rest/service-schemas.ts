import { type Static, Type } from 'typebox'

export const healthStatus = Type.Object({
  ams_ha_state: Type.Union([Type.Literal('INITIALIZING'), Type.Literal('FOLLOWER'), Type.Literal('LEADER')]),
})

export const versionInfo = Type.Object({ version: Type.String(), commitTime: Type.String() })
export type VersionInfo = Static<typeof versionInfo>

/** `/health`: what this process does, for load balancers and people. */
export const health = Type.Object({
  status: Type.Union([Type.Literal('UP'), Type.Literal('DEGRADED')]),
  version: Type.String(),
  reconcilers: Type.Record(
    Type.String(),
    Type.Object({ at: Type.Integer(), elapsedMs: Type.Number(), failure: Type.Optional(Type.String()) }),
  ),
})
export type Health = Static<typeof health>
