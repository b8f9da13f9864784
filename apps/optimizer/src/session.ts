import {
  AmoroErrorCode,
  amoroException,
  GROUP_SECRET_PROPERTY,
  HEARTBEAT_PROPERTY,
  type optimizeManager,
  PAYLOAD_VERSIONS_PROPERTY,
} from '@moraine/api/thrift/optimize-manager'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { counted } from '@moraine/stdx/human-text'
import type { ThriftClient } from '@moraine/thrift/client'

export type OptimizerClient = ThriftClient<(typeof optimizeManager)['methods']>
export type OptimizerLog = (message: string) => void

export type SessionOptions = {
  readonly client: OptimizerClient
  readonly group: string
  readonly threads: number
  /** For each thread. */
  readonly memoryMb: number
  /** Set by the container that launched this process. */
  readonly resourceId?: string
  /** Where the service asks for it. */
  readonly groupSecret?: string
  readonly heartbeatIntervalMs: number
  /** Hears, before anything else is said of it, by which id each registration is listed, if the service tells. */
  readonly onRegistered?: (optimizerId: string | undefined) => void
  readonly clock: Clock
  readonly log: OptimizerLog
}

/** The registration, made by the first call and renewed by the first call after the service has forgotten it. */
export interface Session {
  /**
   * Calls with the token. `undefined`: the service does not know this registration any more, so whatever was held under
   * it is lost, and the next call registers anew.
   *
   * @throws {MoraineError} `permission` if the service refuses this optimizer for good; else what the call throws.
   */
  call<T>(ask: (authToken: string) => Promise<T>): Promise<{ readonly value: T } | undefined>
  /** Calls with the token if there is one. */
  callIfRegistered(ask: (authToken: string) => Promise<unknown>): Promise<void>
}

export function openSession(options: SessionOptions): Session {
  let token: Promise<string> | undefined
  const registered = (): Promise<string> => {
    token ??= register(options).catch((error: unknown) => {
      token = undefined
      throw error
    })
    return token
  }
  return {
    async call(ask) {
      const current = registered()
      try {
        return { value: await ask(await current) }
      } catch (error) {
        if (amoroException.match(error)?.errorCode !== AmoroErrorCode.registerAgain) throw error
        if (token === current) token = undefined
        return undefined
      }
    },
    async callIfRegistered(ask) {
      if (token !== undefined) await ask(await token)
    },
  }
}

async function register(options: SessionOptions): Promise<string> {
  const { client, clock, group, threads, memoryMb, resourceId, groupSecret, heartbeatIntervalMs, log } = options
  const registerInfo = {
    threadCount: threads,
    // Amoro's field tells of the whole process, and the sums of a group are made of it.
    memoryMb: threads * memoryMb,
    startTime: BigInt(clock.now()),
    groupName: group,
    properties: new Map([
      [HEARTBEAT_PROPERTY, String(heartbeatIntervalMs)],
      [PAYLOAD_VERSIONS_PROPERTY, '1'],
      ...(groupSecret === undefined ? [] : [[GROUP_SECRET_PROPERTY, groupSecret] as const]),
    ]),
    ...(resourceId !== undefined && { resourceId }),
  }
  try {
    const token = await client.authenticate({ registerInfo })
    if (token === undefined) throw new MoraineError('unavailable', 'the service gave no token')
    options.onRegistered?.(await findOwnId(client, token))
    log(`registered in group ${group} with ${counted(threads, 'thread')}`)
    return token
  } catch (error) {
    const refused = amoroException.match(error)
    if (refused !== undefined && FINAL_CODES.has(refused.errorCode)) {
      throw new MoraineError('permission', `the service refuses this optimizer: ${refused.message}`, { cause: error })
    }
    throw error
  }
}

/** `undefined` from a service that does not tell, or not in time: work does not wait for a name. */
async function findOwnId(client: OptimizerClient, authToken: string): Promise<string | undefined> {
  const standing = await client.findStanding({ authToken }, { timeoutMs: NAME_WITHIN_MS }).catch(() => undefined)
  return standing?.optimizerId
}

const NAME_WITHIN_MS = 2000

/** Trying again with the same registration cannot help. */
const FINAL_CODES: ReadonlySet<number> = new Set([AmoroErrorCode.forbidden, AmoroErrorCode.objectNotExists])
