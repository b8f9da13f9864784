import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { asError } from '@moraine/stdx/error'

/**
 * A port of 127.0.0.1 that nobody listens at now, for a server that is to be reached there later, or to come back there. It is
 * none of those that the system gives to connections, as far as it says which these are: one of them could be taken while the
 * server is away, even by a client that tries to reach it, and then has itself at the other end.
 */
export async function freePort(): Promise<number> {
  const last = firstGivenOut() - 1
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = FIRST + Math.floor(Math.random() * (last - FIRST + 1))
    if (await isFree(port)) return port
  }
  throw new Error(`none of ${TRIES_MAX} ports between ${FIRST} and ${last} is free`)
}

const FIRST = 12_000
const TRIES_MAX = 100

/** IANA's first dynamic port where the system does not tell (RFC 6335, section 6). */
function firstGivenOut(): number {
  try {
    const first = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10)
    return first > FIRST + 1000 ? first : 49_152
  } catch {
    return 49_152
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await listening(server, port)
  } catch (error) {
    if ((asError(error) as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
    throw error
  }
  server.close()
  await once(server, 'close')
  return true
}

async function listening(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}
