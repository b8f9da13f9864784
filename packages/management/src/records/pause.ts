import type { EpochMs } from '@moraine/stdx/brand'

/** A person wants the table to be left alone. Tasks that run may end; nothing else begins, and nothing is committed. */
export type Pause = {
  readonly since: EpochMs
  /** Name of the principal. */
  readonly by?: string
  readonly reason?: string
}
