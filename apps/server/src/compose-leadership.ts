import { hostname } from 'node:os'
import type { Fence } from '@moraine/catalogs/fence'
import type { LeaderAddress, LeaderLeases } from '@moraine/management/records/leader-lease'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { type Random, uuidV4 } from '@moraine/stdx/random'
import type { LeaderTerm } from './compose-term.ts'
import type { HaSettings, ZooKeeperSettings } from './config/ha-settings.ts'
import { clientSessions } from './leadership/client-session.ts'
import { election, type Leader } from './leadership/election.ts'
import type { LeaderLatch } from './leadership/leader-latch.ts'
import { type Members, members } from './leadership/members.ts'
import type { Post } from './leadership/post.ts'
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
  /** Where engines of Amoro come in at the server that leads. */
  readonly tables: Pick<TableDoor, 'port' | 'check'>
  /** Of a database server that one service has to itself. */
  readonly post: Pick<Post, 'fence'> | undefined
  /** Of the API on this server, once it has started. */
  readonly httpUrl: () => string
  readonly begin: (
    with_: { readonly nudges: NudgeSwitch; readonly otherUrls: () => Promise<readonly string[]> },
    fence?: () => Fence | undefined,
  ) => Promise<LeaderTerm>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Whether and when this server leads, and how news reaches the one that does. */
export type Leadership = Service & {
  readonly nudges: NudgeSwitch
  readonly seal: NudgeSeal
  leader(): Leader
  /** That of this server, while it leads. */
  term(): LeaderTerm | undefined
  /** Where optimizers come in, whoever leads, with commas. */
  thriftUrls(): Promise<string>
}

/** A server that is alone leads from its start to its stop; of several, the one that is elected. */
export function composeLeadership(options: LeadershipOptions): Leadership {
  const { ha } = options.settings
  return ha === undefined ? leadingAlone(options) : electedLeadership(options, ha)
}

function leadingAlone({ begin, post, secretKey }: LeadershipOptions): Leadership {
  const nudges = nudgeSwitch(() => {})
  let term: LeaderTerm | undefined
  return {
    name: 'optimizing',
    nudges,
    seal: nudgeSeal(secretKey),
    leader: () => ({ kind: 'this' }),
    term: () => term,
    thriftUrls: async () => term?.thriftUrl ?? '',
    async start() {
      term = await begin({ nudges, otherUrls: async () => [] }, post && (() => post.fence()))
    },
    async stop() {
      await term?.end()
    },
  }
}

function electedLeadership(options: LeadershipOptions, { timing, zookeeper }: HaSettings): Leadership {
  const { clock, log, random, settings, secretKey, begin } = options
  const { leases } = options.stores
  let term: LeaderTerm | undefined
  const keyId = Buffer.from(derivedKey(secretKey, 'name of the key')).toString('base64url').slice(0, 12)
  const address = (): LeaderAddress => ({
    host: hostname(),
    pid: process.pid,
    url: exposedUrl(settings, options.httpUrl()),
    thrift: term?.thriftUrl ?? expectedThriftUrl(options),
    keyId,
  })
  const standing = { leases, holder: uuidV4(random), timing, address, clock, log }
  const all: Members = members({ ...standing, nodeId: () => new URL(String(address()['url'])).host })
  const thriftUrls = async () => {
    const found = await all.list()
    return found.flatMap(({ thrift }) => (typeof thrift === 'string' && thrift !== '' ? [thrift] : []))
  }
  const line = nudgeLine({ leaderUrl: () => urlOf(post.leader()), seal: nudgeSeal(secretKey), clock, log })
  const nudges = nudgeSwitch(line.send)
  const post = election({
    ...standing,
    latch: zookeeper && latchOf(zookeeper, options),
    published: () => ({
      host: new URL(String(address()['url'])).hostname,
      tableServicePort: options.tables.port(),
      optimizingPort: term?.thriftPort ?? options.thriftPort,
      restPort: Number(new URL(options.httpUrl()).port),
    }),
    async lead({ fence }) {
      const begun = await begin({ nudges, otherUrls: thriftUrls }, fence)
      term = begun
      return () => {
        term = undefined
        return begun.end()
      }
    },
  })
  const services = [line, all, post]
  return {
    name: 'leadership',
    nudges,
    seal: nudgeSeal(secretKey),
    leader: () => post.leader(),
    term: () => term,
    thriftUrls: async () => (await thriftUrls()).join(','),
    async start(signal) {
      await refuseOtherKeys(leases, keyId)
      // Only who leads listens there: a server that could not would stand by for nothing.
      await checkThriftPort(options)
      await options.tables.check()
      await startServices(services, signal)
    },
    stop: () => stopServices(services.toReversed()),
  }
}

function latchOf(
  { address, cluster, connectionTimeoutMs, sessionTimeoutMs }: ZooKeeperSettings,
  { clock, random, log }: Pick<LeadershipOptions, 'clock' | 'random' | 'log'>,
): LeaderLatch {
  const openSession = clientSessions(clock, sessionTimeoutMs)
  return zookeeperLatch({ address, cluster, connectionTimeoutMs, openSession, clock, random, log })
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
