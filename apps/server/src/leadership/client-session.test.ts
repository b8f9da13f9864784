import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { clientSessions } from './client-session.ts'

// What no healthy ZooKeeper does, by a server of a few bytes; interop/leadership has the healthy one.

const never = new AbortController().signal
const CLOSE_SESSION = -11
const SESSION_MS = 6000
const UNKNOWN_CODE = -125
const CONNECTED = message(int(0), int(SESSION_MS), Buffer.alloc(8, 7), int(16), Buffer.alloc(16, 1))

type Reply = (xid: number, socket: Socket) => void

/** Takes connections, gives each a session, and lets `reply` answer every request. */
async function startServer(reply: Reply) {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
    let isConnected = false
    let buffered = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      buffered = Buffer.concat([buffered, chunk])
      while (buffered.length >= 4 && buffered.length >= 4 + buffered.readInt32BE(0)) {
        const [xid, type] = [buffered.readInt32BE(4), buffered.readInt32BE(8)]
        buffered = buffered.subarray(4 + buffered.readInt32BE(0))
        if (!isConnected) socket.write(CONNECTED)
        else if (type === CLOSE_SESSION) socket.end()
        else reply(xid, socket)
        isConnected = true
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  after(close)
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { servers: [address], connections: () => connections }
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function message(...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([int(body.length), body])
}

const answer = (xid: number, code: number) => message(int(xid), Buffer.alloc(8), int(code), Buffer.alloc(68))

const odd = await startServer((xid, socket) => socket.write(answer(xid, odd.connections() === 2 ? UNKNOWN_CODE : 0)))
const torn = await startServer((xid, socket) => {
  if (torn.connections() === 2) socket.end(answer(xid, 0).subarray(0, 9))
  else socket.write(answer(xid, 0))
})

for (const [what, server] of [
  ['a code that the library does not know', odd],
  ['half an answer', torn],
] as const) {
  test(`${what} ends a connection, not the process, and the next one is sound`, async (context) => {
    const open = clientSessions(systemClock, SESSION_MS)
    const first = await open(server.servers, never)
    await first.close()
    const session = await open(server.servers, never)
    context.after(() => session.close())
    assert.equal(server.connections(), 3, 'the second one answered as none should')
    assert.equal(session.timeoutMs, SESSION_MS)
    assert.equal(session.isAlive(), true)
    await session.close()
    assert.equal(session.isAlive(), false)
    await assert.rejects(session.findNode('/a'), (error) => isKind(error, 'unavailable'))
  })
}
