import { healthStatus, type VersionInfo, versionInfo } from '@moraine/api/rest/service-schemas'
import { type ApiServer, answers, success } from './route-types.ts'

export type ServiceFacts = {
  readonly version: VersionInfo
  /** Whether this node runs the optimizing; a single node always does. */
  readonly isLeader: () => boolean
}

export function serviceRoutes(server: ApiServer, { facts }: { readonly facts: ServiceFacts }): void {
  const tags = ['service']
  server.get(
    '/health/status',
    { schema: { tags, summary: 'What this node is in the cluster', response: answers(healthStatus) } },
    async () => success({ ams_ha_state: facts.isLeader() ? ('LEADER' as const) : ('FOLLOWER' as const) }),
  )
  server.get(
    '/versionInfo',
    { schema: { tags, summary: 'Which build this is', response: answers(versionInfo) } },
    async () => success(facts.version),
  )
}
