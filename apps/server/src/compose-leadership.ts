import { hostname } from 'node:os'
import type { Fence } from '@moraine/catalogs/fence'
import type { LeaderAddress, LeaderLeases } from '@moraine/management/records/leader-lease'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { type Random, uuidV4 } from '@moraine/stdx/random'
import type { LeaderTerm } from './compose-term.ts'
import type { HaSettings, ZooKeeperSettings } from './config/ha-settings.ts'
import { clientSessions } from './leadership/client-session.ts'
import { type Election, election, type Leader } from './leadership/election.ts'
import type { LeaderLatch } from './leadership/leader-latch.ts'
import { NO_NEWS, newsOf, type WorkNews } from './leadership/leader-news.ts'
import { members } from './leadership/members.ts'
import type { Post, PostOptions } from './leadership/post.ts'
import { zookeeperLatch } from './leadership/zookeeper-latch.ts'
import { nudgeLine } from './nudges/nudge-line.ts'
import { type NudgeSeal, nudgeSeal } from './nudges/nudge-seal.ts'
import { type NudgeSwitch, nudgeSwitch } from './nudges/nudge-switch.ts'
import { derivedKey } from './secrets/derived-key.ts'
import { exposedUrl } from './service/exposed-host.ts'
import type { Log } from './service/log.ts'
import { type Service, startServices, stopServices } from './service/service.ts'
import { checkThriftPort, doorHost } from './thrift/optimizer-door.ts'
import { optimizingUrl } from './thrift/optimizing-url.ts'
import type { TableDoor } from './thrift/table-door.ts'

export type LeadershipOptions = {
  readonly stores: { readonly leases: LeaderLeases }
  readonly settings: {
    readonly ha: HaSettings | undefined
    readonly thriftHost: string
    readonly exposedHost: string
    readonly optimizerTls: object | undefined
  }
  readonly host: string
  readonly thriftPort: number
  readonly secretKey: Uint8Array
  /** Of a database server that one service has to itself. */
  readonly post: Pick<Post, 'fence'> | undefined
  /** Of the API on this server, which starts before. */
  readonly httpUrl: () => string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Whether this server leads, and how news reaches the one that does: what its other parts are made with. */
export type Leadership = {
  readonly nudges: NudgeSwitch
  readonly seal: NudgeSeal
  leader(): Leader
  /** That of this server, while it leads. */
  term(): LeaderTerm | undefined
  /** Of the work, whoever does it. */
  news(): WorkNews
  /** Where optimizers come in, whoever leads, with commas. */
  thriftUrls(): Promise<string>
  /** By which this server leads from its start to its stop, or whenever it is elected. There is one. */
  service(led: Led): Service
}

/** What a server that leads has. */
export type Led = {
  /** Where engines of Amoro come in. */
  readonly tables: Pick<TableDoor, 'port' | 'check'>
  readonly begin: (
    with_: { readonly nudges: NudgeSwitch; readonly otherUrls: () => Promise<readonly string[]> },
    fence?: () => Fence | undefined,
  ) => Promise<LeaderTerm>
}

/** A server that is alone leads from its start to its stop; of several, the one that is elected. */
export function composeLeadership(options: LeadershipOptions): Leadership {
  const { ha } = options.settings
  return ha === undefined ? leadingAlone(options) : electedLeadership(options, ha)
}

function leadingAlone({ post, secretKey }: LeadershipOptions): Leadership {
  const nudges = nudgeSwitch(() => {})
  let term: LeaderTerm | undefined
  return {
    nudges,
    seal: nudgeSeal(secretKey),
    leader: () => ({ kind: 'this' }),
    term: () => term,
    news: () => term?.news ?? NO_NEWS,
    thriftUrls: async () => term?.thriftUrl ?? '',
    service: ({ begin }) => ({
      name: 'optimizing',
      async start() {
        term = await begin({ nudges, otherUrls: async () => [] }, post && (() => post.fence()))
      },
      async stop() {
        await term?.end()
      },
    }),
  }
}

/** What a server among others knows, and tells them. */
type Standing = {
  /** Of the election it stands for. */
  leader: () => Leader
  term: LeaderTerm | undefined
}

function electedLeadership(options: LeadershipOptions, ha: HaSettings): Leadership {
  const { clock, log, secretKey } = options
  const { leases } = options.stores
  const standing: Standing = { leader: () => ({ kind: 'unknown' }), term: undefined }
  const keyId = Buffer.from(derivedKey(secretKey, 'name of the key')).toString('base64url').slice(0, 12)
  const place = placeOf(options, ha, standing, keyId)
  const all = members({ ...place, nodeId: () => new URL(String(place.address()['url'])).host })
  const thriftUrls = async () => {
    const found = await all.list()
    return found.flatMap(({ thrift }) => (typeof thrift === 'string' && thrift !== '' ? [thrift] : []))
  }
  const seal = nudgeSeal(secretKey)
  const line = nudgeLine({ leaderUrl: () => urlOf(standing.leader()), seal, clock, log })
  const nudges = nudgeSwitch(line.send)
  return {
    nudges,
    seal,
    leader: () => standing.leader(),
    term: () => standing.term,
    news: () => standing.term?.news ?? newsFrom(standing.leader()),
    thriftUrls: async () => (await thriftUrls()).join(','),
    service(led) {
      const begin = (fence: () => Fence | undefined) => led.begin({ nudges, otherUrls: thriftUrls }, fence)
      const post = electionOf(options, ha, { place, standing, tables: led.tables, begin })
      standing.leader = post.leader
      const services = [line, all, post]
      return {
        name: 'leadership',
        async start(signal) {
          await refuseOtherKeys(leases, keyId)
          // Only who leads listens there: a server that could not would stand by for nothing.
          await checkThriftPort(options)
          await led.tables.check()
          await startServices(services, signal)
        },
        stop: () => stopServices(services.toReversed()),
      }
    },
  }
}

/** How this server is told from others and reached by them. */
function placeOf(options: LeadershipOptions, { timing }: HaSettings, standing: Standing, keyId: string): PostOptions {
  const { clock, log, random, settings, stores } = options
  const address = (): LeaderAddress => ({
    host: hostname(),
    pid: process.pid,
    url: exposedUrl(settings, options.httpUrl()),
    thrift: standing.term?.thriftUrl ?? expectedThriftUrl(options),
    keyId,
    ...standing.term?.newsToTell(),
  })
  return { leases: stores.leases, holder: uuidV4(random), timing, address, clock, log }
}

type Candidacy = Pick<Led, 'tables'> & {
  readonly place: PostOptions
  readonly standing: Standing
  readonly begin: (fence: () => Fence | undefined) => Promise<LeaderTerm>
}

function electionOf(
  options: LeadershipOptions,
  { zookeeper }: HaSettings,
  { place, standing, tables, begin }: Candidacy,
): Election {
  return election({
    ...place,
    latch: zookeeper && latchOf(zookeeper, options),
    published: () => ({
      host: new URL(String(place.address()['url'])).hostname,
      tableServicePort: tables.port(),
      optimizingPort: standing.term?.thriftPort ?? options.thriftPort,
      restPort: Number(new URL(options.httpUrl()).port),
    }),
    async lead({ fence }) {
      const begun = await begin(fence)
      standing.term = begun
      return () => {
        standing.term = undefined
        return begun.end()
      }
    },
  })
}

function latchOf(
  { address, cluster, connectionTimeoutMs, sessionTimeoutMs }: ZooKeeperSettings,
  { clock, random, log }: Pick<LeadershipOptions, 'clock' | 'random' | 'log'>,
): LeaderLatch {
  const openSession = clientSessions(clock, sessionTimeoutMs)
  return zookeeperLatch({ address, cluster, connectionTimeoutMs, openSession, clock, random, log })
}

function newsFrom(leader: Leader): WorkNews {
  return leader.kind === 'other' ? newsOf(leader.address) : NO_NEWS
}

function urlOf(leader: Leader): string | undefined {
  const url = leader.kind === 'other' ? leader.address['url'] : undefined
  return typeof url === 'string' ? url : undefined
}

/** Where this server would let optimizers in; empty where the system chooses the port. */
function expectedThriftUrl({ host, thriftPort, settings }: LeadershipOptions): string {
  if (thriftPort === 0) return ''
  return optimizingUrl({ host: doorHost({ host, settings }), port: thriftPort }, settings)
}

/** With another key this server could read no secret that the others write, nor they its own. */
async function refuseOtherKeys(leases: LeaderLeases, keyId: string): Promise<void> {
  const alive = (await leases.list('')).filter(({ holder, remainingMs }) => holder !== undefined && remainingMs > 0)
  const other = alive.find(({ address }) => address['keyId'] !== undefined && address['keyId'] !== keyId)
  if (other === undefined) return
  const { host, pid } = other.address
  throw new MoraineError(
    'invalid-input',
    `this server has another secret key than the one that shares its database (host ${host}, process ${pid}): set MORAINE_SECRET_KEY to the same on all of them`,
  )
}
