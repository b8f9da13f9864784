import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { counted } from '@moraine/stdx/human-text'
import { Arrivals } from './arrival.ts'
import type { CallFailure } from './call-failure.ts'
import type { BoundService } from './dispatch.ts'
import { type Handshakes, watchHandshakes } from './handshakes.ts'
import { ServerConnection } from './server-connection.ts'
import type { Transport } from './transport.ts'

/** What a server shows its clients, as PEM; the certificate may be followed by those that lead to its root. */
export type ServerCertificate = { readonly key: string; readonly certificate: string }

export type ThriftServerOptions = {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** With TLS, and nothing without it; by default the other way round. */
  readonly tls?: ServerCertificate
  /** Called as `Service:method`; a single one also without its name. */
  readonly services: readonly BoundService[]
  readonly clock: Clock
  /** `framed` by default. */
  readonly transport?: Transport
  /** Larger messages close their connection; 100 MiB by default. */
  readonly maxFrameBytes?: number
  /** Of messages that have not arrived whole, for all clients; then who sends more is cut off. 256 MiB by default. */
  readonly maxUnfinishedBytes?: number
  /** A connection without a completed message for so long is closed; 10 minutes by default. */
  readonly idleTimeoutMs?: number
  /** With TLS: a client that is not ready by then is cut off; 10 seconds by default. */
  readonly handshakeTimeoutMs?: number
  /** Further clients are turned away, counting those in a handshake; 10,000 by default. */
  readonly maxConnections?: number
  /** Calls of one client under way at once; further ones wait unread. 64 by default. */
  readonly maxCallsPerConnection?: number
  /** Hears of every call that failed in no declared way, and of damaged connections. */
  readonly onFailure: (failure: CallFailure) => void
}

export type ThriftServer = {
  readonly port: number
  readonly connections: number
  /** Shows another certificate to those who connect from now on. Only of a server with TLS. */
  renewCertificate(tls: ServerCertificate): void
  /** Stops listening, lets calls finish for `graceMs`, then cuts them off. May be called twice. */
  stop(graceMs?: number): Promise<void>
}

/** Serves Thrift in the binary or the compact protocol, as each client speaks. */
export async function startThriftServer(options: ThriftServerOptions): Promise<ThriftServer> {
  const { clock, idleTimeoutMs = 600_000 } = options
  const connections = new Set<ServerConnection>()
  const arrivals = new Arrivals(options.maxUnfinishedBytes ?? 256 * 1024 * 1024)
  const { server, handshakes, renewCertificate } = listener(options, (socket) => {
    const connection = new ServerConnection(socket, {
      services: options.services,
      transport: options.transport ?? 'framed',
      maxFrameBytes: options.maxFrameBytes ?? 100 * 1024 * 1024,
      maxCalls: options.maxCallsPerConnection ?? 64,
      arrivals,
      monotonicMs: () => clock.monotonicMs(),
      onFailure: options.onFailure,
    })
    connections.add(connection)
    void connection.closed.then(() => connections.delete(connection))
  })
  server.maxConnections = options.maxConnections ?? 10_000
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException) => reject(cannotListen(options, cause))
    server.once('error', refuse)
    server.listen(options.port, options.host, () => {
      server.off('error', refuse)
      resolve()
    })
  })
  tellOfListener(server, options)
  const stopping = new AbortController()
  void closeIdle(connections, clock, idleTimeoutMs, stopping.signal)
  const closed = new Promise<void>((resolve) => {
    server.once('close', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections.size + handshakes.size
    },
    renewCertificate,
    async stop(graceMs = 5000) {
      if (!stopping.signal.aborted) {
        stopping.abort()
        server.close()
        handshakes.destroy()
        for (const connection of connections) connection.stop()
      }
      const finished = new AbortController()
      const patience = clock.sleep(graceMs, finished.signal).then(
        () => {
          for (const connection of connections) connection.destroy()
        },
        () => undefined,
      )
      await closed
      finished.abort()
      await patience
    },
  }
}

/** Who is turned away hears nothing of why, so whoever runs the server does: once a minute, and how many they were. */
const TURNED_AWAY_TOLD_MS = 60_000

/** What happens to the listener once it listens, of which no connection knows. */
function tellOfListener(server: Server, { clock, onFailure }: Pick<ThriftServerOptions, 'clock' | 'onFailure'>): void {
  server.on('error', (error) => onFailure({ name: 'listening', peer: '', error }))
  let turnedAway = 0
  let toldMs = Number.NEGATIVE_INFINITY
  server.on('drop', (dropped) => {
    turnedAway += 1
    if (clock.monotonicMs() - toldMs < TURNED_AWAY_TOLD_MS) return
    toldMs = clock.monotonicMs()
    const clients = `${counted(turnedAway, 'client')} turned away`
    turnedAway = 0
    const problem = `${clients}: ${server.maxConnections} are connected, which is the most; close some, or run several servers`
    onFailure({
      name: 'connecting',
      peer: `${dropped?.remoteAddress}:${dropped?.remotePort}`,
      error: new MoraineError('exhausted', problem),
    })
  })
}

type Listener = Pick<ThriftServer, 'renewCertificate'> & { readonly server: Server; readonly handshakes: Handshakes }

const SOCKETS = { noDelay: true, keepAlive: true }

function listener(options: ThriftServerOptions, onReady: (socket: Socket) => void): Listener {
  const { tls, handshakeTimeoutMs = 10_000 } = options
  if (tls === undefined) {
    const renewCertificate = () => {
      throw new MoraineError('internal', 'a server without TLS shows no certificate')
    }
    return { server: createServer(SOCKETS, onReady), handshakes: { size: 0, destroy() {} }, renewCertificate }
  }
  const server = createTlsServer({ ...SOCKETS, ...contextOf(tls), handshakeTimeout: handshakeTimeoutMs }, onReady)
  return {
    server,
    handshakes: watchHandshakes(server, options.onFailure),
    renewCertificate: (renewed) => server.setSecureContext(contextOf(renewed)),
  }
}

function contextOf({ key, certificate }: ServerCertificate) {
  return { key, cert: certificate }
}

/** How often it is looked for messages that do not come to their end. */
const LATE_CHECK_MS = 5000

async function closeIdle(
  connections: ReadonlySet<ServerConnection>,
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(Math.min(Math.max(1, timeoutMs / 4), LATE_CHECK_MS), signal).catch(() => undefined)
    for (const connection of connections) {
      if (connection.idleMs() >= timeoutMs) connection.destroy()
      else connection.refuseIfLate()
    }
  }
}

function cannotListen({ host, port }: ThriftServerOptions, cause: NodeJS.ErrnoException): MoraineError {
  if (cause.code === 'EADDRINUSE') {
    return new MoraineError('conflict', `port ${port} of ${host} is taken; choose another or stop its owner`, { cause })
  }
  if (cause.code === 'EACCES')
    return new MoraineError('permission', `port ${port} of ${host} may not be used`, { cause })
  return new MoraineError('unavailable', `cannot listen on port ${port} of ${host}`, { cause })
}
