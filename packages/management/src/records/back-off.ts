import type { EpochMs } from '@moraine/stdx/brand'

/** A table whose processes fail waits longer each time, and says why. A success or a person's request ends it. */
export type BackOff = {
  /** Failures in a row. */
  readonly failures: number
  readonly notBefore: EpochMs
  readonly step: 'planning' | 'executing' | 'committing'
  readonly reason: string
}
