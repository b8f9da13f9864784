import { createHash, timingSafeEqual } from 'node:crypto'
import type { OptimizerId } from '@moraine/lifecycle/identity'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Optimizer } from '../records/optimizer.ts'
import type { Resource } from '../records/resource.ts'
import type { ResourceGroup } from '../records/resource-group.ts'
import type { StateChange } from '../store/state-change.ts'
import { noSuchGroup } from './no-such-group.ts'

export type Registration = {
  readonly group: string
  readonly resourceId: string | undefined
  readonly threads: number
  /** Of all threads together. */
  readonly memoryMb: number
  /** Kept as they are; what the decision looks at has been read from them. */
  readonly properties: Readonly<Record<string, string>>
  /** Of task payloads: those that it reads. */
  readonly payloadVersions: readonly string[]
  /** How often it lets hear from itself; `undefined` if it does not say, not a number if it cannot be read. */
  readonly heartbeatIntervalMs: number | undefined
  /** What it shows for being one of its group's. */
  readonly secret: string | undefined
}

export type RegisterDecision =
  | { readonly kind: 'accepted'; readonly optimizer: Optimizer; readonly changes: readonly StateChange[] }
  | { readonly kind: 'refused'; readonly why: 'unknown-group' | 'forbidden'; readonly reason: string }

/** Of the task payloads that this service writes. */
const PAYLOAD_VERSION = '1'

const THREADS_MAX = 1024

export function registerOptimizer(
  registration: Registration,
  known: {
    readonly group: ResourceGroup | undefined
    /** What a container was asked for under its resource id, if anything. */
    readonly resource: Pick<Resource, 'container'> | undefined
    /** What optimizers of the group have to show; `undefined` if nothing. */
    readonly secret: string | undefined
    readonly optimizerId: OptimizerId
    readonly tokenHash: string
    readonly heartbeatTimeoutMs: number
  },
  now: EpochMs,
): RegisterDecision {
  const { group, threads, memoryMb, properties } = registration
  if (known.group === undefined) {
    return { kind: 'refused', why: 'unknown-group', reason: noSuchGroup(group) }
  }
  if (known.secret !== undefined && !isSame(registration.secret ?? '', known.secret)) {
    const problem = registration.secret === undefined ? 'is asked for' : 'is another'
    return {
      kind: 'refused',
      why: 'forbidden',
      reason: `the secret of resource group '${group}' ${problem}; ${REMEDY}`,
    }
  }
  const reason = refusal(registration, known.heartbeatTimeoutMs)
  if (reason !== undefined) return { kind: 'refused', why: 'forbidden', reason }
  const optimizer: Optimizer = {
    optimizerId: known.optimizerId,
    group,
    container: known.resource?.container ?? '',
    resourceId: registration.resourceId ?? '',
    threads,
    memoryMb,
    registeredAt: now,
    properties,
    state: { status: 'active', touchedAt: now },
  }
  return {
    kind: 'accepted',
    optimizer,
    changes: [
      { kind: 'hold-group', group },
      { kind: 'add-optimizer', optimizer, tokenHash: known.tokenHash },
    ],
  }
}

const REMEDY = '`moraine group command` prints how an optimizer is started'

/** Takes the same time whatever is in them. */
function isSame(shown: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(shown), digest(expected))
}

function refusal(registration: Registration, heartbeatTimeoutMs: number): string | undefined {
  const { threads, memoryMb, payloadVersions, heartbeatIntervalMs: interval } = registration
  if (!Number.isInteger(threads) || threads < 1 || threads > THREADS_MAX) {
    return `an optimizer has 1 to ${THREADS_MAX} threads, not ${threads}`
  }
  if (!Number.isInteger(memoryMb) || memoryMb < 0) return `memory of ${memoryMb} MB makes no sense`
  if (interval !== undefined && !(interval < heartbeatTimeoutMs)) {
    return `heart-beat-interval ${interval} ms must be below optimizer.heart-beat-timeout ${heartbeatTimeoutMs} ms`
  }
  if (!payloadVersions.includes(PAYLOAD_VERSION)) {
    return `the optimizer must read task payloads of version ${PAYLOAD_VERSION} (property payload-versions); Amoro's own optimizers read Java objects only and cannot be used`
  }
  return undefined
}
