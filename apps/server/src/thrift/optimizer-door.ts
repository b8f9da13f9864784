import type { ProcessId } from '@moraine/lifecycle/identity'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { CallFailure } from '@moraine/thrift/call-failure'
import { startThriftServer, type ThriftServer } from '@moraine/thrift/server'
import type { Authenticator } from '../access/authenticator.ts'
import { type GroupSecrets, groupSecrets } from '../access/group-secrets.ts'
import { isOpenAt } from '../access/is-open-at.ts'
import { cancelProcess } from '../changes/cancel-process.ts'
import type { OptimizerTlsSettings } from '../config/optimizer-tls-settings.ts'
import type { OptimizingService } from '../optimizing/optimizing-service.ts'
import type { Log } from '../service/log.ts'
import type { Service } from '../service/service.ts'
import { readServerCertificate } from './certificate-files.ts'
import { checkPort } from './check-port.ts'
import { handshakeLog } from './handshake-log.ts'
import { keepCertificate } from './keep-certificate.ts'
import { optimizeManagerHandlers } from './optimize-manager-handlers.ts'
import { localOptimizingUrl, optimizingUrl } from './optimizing-url.ts'

export type DoorOptions = {
  /** Where the service listens. */
  readonly host: string
  /** 0 takes any free port. */
  readonly thriftPort: number
  readonly settings: {
    /** Empty: as the rest of the service. */
    readonly thriftHost: string
    /** By what others reach this machine; empty: by the address it listens on, or its name. */
    readonly exposedHost: string
    readonly optimizerTls: OptimizerTlsSettings | undefined
  }
  /** Where optimizers may come in once another server leads. */
  readonly otherUrls?: () => Promise<readonly string[]>
  readonly authenticator: Pick<Authenticator, 'openTo'>
  readonly secretKey: Uint8Array
  readonly clock: Clock
  readonly log: Log
}

/** Where optimizers come in, and what they have to show. */
export type OptimizerDoor = Service & {
  /** That was really taken; after the start. */
  readonly port: () => number
  /** By which optimizers elsewhere reach it. */
  readonly url: () => string
  /** By which those on this machine do. */
  readonly localUrl: () => string
}

/** Whom optimizers talk to there. */
export type BehindTheDoor = {
  readonly service: OptimizingService
  readonly stores: Pick<Stores, 'state' | 'tables' | 'tasks' | 'processes'>
}

export function optimizerDoor(options: DoorOptions, { service, stores }: BehindTheDoor): OptimizerDoor {
  const { clock, log, thriftPort, settings } = options
  const host = doorHost(options)
  let server: ThriftServer | undefined
  const port = () => server?.port ?? 0
  const url = () => optimizingUrl({ host, port: port() }, settings)
  const handshakeFailed = handshakeLog(clock, log)
  const onFailure = ({ name, peer, error, handshake }: CallFailure) => {
    if (handshake !== undefined) handshakeFailed(handshake, { peer, error })
    else log.warn({ call: name, peer, failure: String(error) }, 'a call failed')
  }
  const stopping = new AbortController()
  let keeping: Promise<void> | undefined
  const handlers = optimizeManagerHandlers({
    service,
    log,
    // Whoever calls it says nothing of themselves: where that is asked for, processes are canceled through the API.
    cancelProcess: async (processId: ProcessId) =>
      !asksSecrets(options) && ['canceled', 'committing'].includes(await cancelProcess(stores, clock, processId)),
    nodeUrls: async () => {
      const others = await options.otherUrls?.()
      return [url(), ...(others ?? []).filter((each) => each !== url())]
    },
  })
  return {
    name: 'thrift',
    port,
    url,
    localUrl: () => localOptimizingUrl({ host, port: port() }, settings),
    async start() {
      const files = settings.optimizerTls
      const tls = files === undefined ? undefined : await readServerCertificate(files)
      const place = { host, port: thriftPort, ...(tls && { tls }) }
      server = await startThriftServer({ ...place, services: [handlers], clock, onFailure }).catch((error: unknown) => {
        throw isKind(error, 'conflict') ? thriftPortTaken(host, thriftPort, error) : error
      })
      if (files !== undefined && tls !== undefined) {
        keeping = keepCertificate({ files, shown: tls, server, clock, log }, stopping.signal)
      }
    },
    async stop() {
      stopping.abort()
      await keeping
      await server?.stop()
    },
  }
}

/** Optimizers learn how to reach the files of tables: whoever may come from elsewhere has to show a secret. */
export function secretsAskedFor(options: DoorOptions): GroupSecrets {
  return asksSecrets(options) ? groupSecrets(options.secretKey) : () => undefined
}

function asksSecrets(options: DoorOptions): boolean {
  return !isOpenAt(doorHost(options), options.authenticator)
}

type DoorPlace = { readonly host: string; readonly settings: Pick<DoorOptions['settings'], 'thriftHost'> }

export function doorHost({ host, settings }: DoorPlace): string {
  return settings.thriftHost === '' ? host : settings.thriftHost
}

/**
 * Finds out at the start of a server what it would else find out when it is to lead.
 *
 * @throws {MoraineError} `conflict` if another process has the port
 */
export async function checkThriftPort(place: DoorPlace & { readonly thriftPort: number }): Promise<void> {
  const { thriftPort: port } = place
  const host = doorHost(place)
  await checkPort({ host, port }).catch((error: unknown) => {
    throw isKind(error, 'conflict') ? thriftPortTaken(host, port, error) : error
  })
}

function thriftPortTaken(host: string, thriftPort: number, { cause }: Pick<MoraineError, 'cause'>): MoraineError {
  const remedy = 'choose another with --thrift-port or stop its owner'
  return new MoraineError('conflict', `port ${thriftPort} of ${host} is taken; ${remedy}`, { cause })
}
