import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { ServiceSettings } from './config/default-settings.ts'
import type { Log } from './service/log.ts'

export type ServerOptions = {
  readonly dataDir: string
  readonly host: string
  /** 0 takes any free port. */
  readonly httpPort: number
  readonly thriftPort: number
  /** Starts one local optimizer that connects to the given Thrift port; without it there is no local container. */
  readonly optimizerCommand?: (thriftHost: string, thriftPort: number) => readonly [string, ...string[]]
  /** Threads that are kept in the default group unless it says itself; none if absent. */
  readonly leastThreads?: number
  readonly settings: ServiceSettings
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}
