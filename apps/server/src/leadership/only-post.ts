import type { LeaderAddress, Lease } from '@moraine/management/records/leader-lease'
import { MoraineError } from '@moraine/stdx/error'
import { type Post, type PostOptions, takePost } from './post.ts'

/**
 * Takes the post of a database that one server is to work on. One that was killed leaves it taken for some seconds, which
 * are waited for.
 *
 * @throws {MoraineError} `conflict` naming who has it, if that one is alive
 */
export function takeOnlyPost(options: PostOptions, signal: AbortSignal): Promise<Post> {
  const { clock, log, timing } = options
  const giveUpAt = clock.monotonicMs() + timing.ttlMs + timing.heartbeatMs
  let isTold = false
  const onTaken = ({ address }: Lease) => {
    if (clock.monotonicMs() >= giveUpAt) throw servedByAnother(address)
    if (!isTold) log.warn({ ...address }, 'another service has the database; waiting for its time to run out')
    isTold = true
  }
  return takePost(options, onTaken, signal)
}

function servedByAnother({ host, pid }: LeaderAddress): MoraineError {
  return new MoraineError(
    'conflict',
    `the database is served by another service (host ${host}, process ${pid}): stop that one first, give this one a database of its own, or let both share it (ha.enabled)`,
  )
}
