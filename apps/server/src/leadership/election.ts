import type { LeaderAddress, Lease } from '@moraine/management/records/leader-lease'
import { describeError } from '@moraine/stdx/error'
import type { Service } from '../service/service.ts'
import type { LeaderLatch, PublishedAddress } from './leader-latch.ts'
import { type Post, type PostOptions, takePost, watchPost } from './post.ts'

export type ElectionOptions = PostOptions & {
  /** Whose turn it is to ask for the post; without it, whoever comes first. */
  readonly latch: LeaderLatch | undefined
  /** What the latch tells clients, once this server leads. */
  readonly published: () => PublishedAddress
  /** Begins to lead, for as long as the post is this server's, and gives what ends that again. */
  readonly lead: (post: Pick<Post, 'fence'>) => Promise<() => Promise<void>>
}

/** Of the servers of one database one leads, and the next as soon as that one has gone. */
export type Election = Service & {
  leader(): Leader
}

/** Who leads, as far as this server knows. */
export type Leader =
  | { readonly kind: 'this' }
  | { readonly kind: 'other'; readonly address: LeaderAddress }
  | { readonly kind: 'unknown' }

/** After a server could not begin to lead, others have their chance for so long. */
const STAND_BACK_MS = 5000

/** Stands for election from its start to its stop, again after each term. Where another leads is known meanwhile. */
export function election(options: ElectionOptions): Election {
  const stopping = new AbortController()
  const seen: Seen = { leader: { kind: 'unknown' }, mayWrite: () => false }
  let standing: Promise<void> | undefined
  return {
    name: 'election',
    // One that slept through its time does not say that it leads, though it has not heard yet of another.
    leader: () => (seen.leader.kind === 'this' && !seen.mayWrite() ? { kind: 'unknown' } : seen.leader),
    async start() {
      standing = standAgain(options, seen, stopping.signal)
    },
    async stop() {
      stopping.abort()
      await standing
      await options.latch?.close()
    },
  }
}

/** Who leads, as this server saw it last, and whether it may still write if that is itself. */
type Seen = { leader: Leader; mayWrite: () => boolean }

async function standAgain(options: ElectionOptions, seen: Seen, stopping: AbortSignal): Promise<void> {
  const { clock, log } = options
  while (!stopping.aborted) {
    try {
      await stand(options, seen, stopping)
    } catch (error) {
      if (stopping.aborted) return
      log.error({ failure: describeError(error) }, 'this server cannot lead; it tries again')
      await clock.sleep(STAND_BACK_MS, stopping).catch(() => undefined)
    }
  }
}

async function stand(options: ElectionOptions, seen: Seen, stopping: AbortSignal): Promise<void> {
  const onTaken = ({ address }: Lease) => {
    seen.leader = { kind: 'other', address }
  }
  const turn = options.latch && (await watching(options, onTaken, options.latch.waitForTurn(stopping)))
  const waiting = turn === undefined ? stopping : AbortSignal.any([stopping, turn])
  const post = await takePost(options, onTaken, waiting)
  try {
    await serve(options, seen, { post, turn, stopping })
  } finally {
    await post.release()
  }
}

type Term = { readonly post: Post; readonly turn: AbortSignal | undefined; readonly stopping: AbortSignal }

/** Leads for as long as it may. */
async function serve(options: ElectionOptions, seen: Seen, { post, turn, stopping }: Term): Promise<void> {
  const { latch, log } = options
  const fence = () => (latch?.isTurn() === false ? undefined : post.fence())
  const end = await options.lead({ fence })
  try {
    seen.leader = { kind: 'this' }
    seen.mayWrite = () => fence() !== undefined
    log.info({ epoch: post.fence()?.epoch }, 'this server leads from now on')
    await post.announce().catch((error: unknown) => {
      log.warn({ failure: describeError(error) }, 'the others hear with the next heartbeat how this server is reached')
    })
    // It tries for as long as the turn lasts, which may end meanwhile.
    void latch?.publish(options.published()).catch((error: unknown) => {
      log.warn({ failure: describeError(error) }, 'clients are not told how this server is reached')
    })
    await aborted(...[post.lost, stopping, turn].filter((signal) => signal !== undefined))
  } finally {
    seen.leader = { kind: 'unknown' }
    await end()
    if (!stopping.aborted) log.warn({ reason: reasonOf(post, turn) }, 'this server does not lead any more')
  }
}

/** Who stands in another line looks meanwhile who has the post. */
async function watching<T>(options: PostOptions, onTaken: (lease: Lease) => void, waiting: Promise<T>): Promise<T> {
  const done = new AbortController()
  const watched = watchPost(options, onTaken, done.signal)
  try {
    return await waiting
  } finally {
    done.abort()
    await watched
  }
}

function reasonOf({ lost }: Post, turn: AbortSignal | undefined): string {
  return describeError(lost.aborted ? lost.reason : turn?.reason)
}

function aborted(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) return resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    }
  })
}
