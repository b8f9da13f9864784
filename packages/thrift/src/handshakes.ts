import type { Socket } from 'node:net'
import type { Server } from 'node:tls'
import { MoraineError } from '@moraine/stdx/error'
import type { CallFailure, HandshakeProblem } from './call-failure.ts'

/** The codes of Node and OpenSSL. */
const PROBLEMS: ReadonlyMap<string | undefined, HandshakeProblem> = new Map([
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'plain-at-tls-port'],
  ['ERR_SSL_HTTP_REQUEST', 'plain-at-tls-port'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'plain-at-tls-port'],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'too-slow'],
  ['ECONNRESET', 'broken-off'],
])

/** The connections of a TLS server that are not yet ready for calls. */
export type Handshakes = {
  readonly size: number
  /** Cuts all of them off, which is no failure of theirs. */
  destroy(): void
}

/** Tells of each handshake that fails, and lets its connection go. Without TLS there are none. */
export function watchHandshakes(server: Server, onFailure: (failure: CallFailure) => void): Handshakes {
  // A socket and its TLS socket are the same peer; once they are closed neither says which.
  const underWay = new Map<string, Socket>()
  const failed = (peer: string, problem: HandshakeProblem, cause: Error | undefined) => {
    // Of what is known OpenSSL says only where in its code it was noticed.
    const detail = problem === 'other' ? { cause } : {}
    const error = new MoraineError('corrupt', `the TLS handshake of ${peer} failed`, detail)
    onFailure({ name: 'connection', peer, error, handshake: problem })
  }
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    underWay.set(peer, socket)
    socket.once('close', () => {
      if (underWay.get(peer) !== socket) return
      underWay.delete(peer)
      // Who has said nothing looked whether somebody listens.
      if (socket.bytesRead > 0) failed(peer, 'broken-off', undefined)
    })
  })
  server.on('secureConnection', (socket) => underWay.delete(peerOf(socket)))
  server.on('tlsClientError', (cause: NodeJS.ErrnoException, socket) => {
    const peer = peerOf(socket)
    // Else it was closed, and told of, before.
    if (underWay.delete(peer)) failed(peer, PROBLEMS.get(cause.code) ?? 'other', cause)
    // Node leaves one open that was too slow.
    socket.destroy()
  })
  return {
    get size() {
      return underWay.size
    },
    destroy() {
      const sockets = [...underWay.values()]
      underWay.clear()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** For messages, for example `127.0.0.1:4711`. */
export function peerOf(socket: Socket): string {
  return `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`
}
