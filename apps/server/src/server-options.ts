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
  /**
   * Starts one local optimizer that connects to that address, and trusts what is in the file, or else what Node trusts; without
   * it there is no local container.
   */
  readonly optimizerCommand?: (service: {
    readonly url: string
    readonly caFile: string | undefined
  }) => readonly [string, ...string[]]
  /** Threads that are kept in the default group unless it says itself; none if absent. */
  readonly leastThreads?: number
  readonly settings: ServiceSettings
  /** Where a build of the dashboard lies; without it there are no pages for people. */
  readonly dashboardDir?: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}
