import { MoraineError } from '@moraine/stdx/error'

/**
 * The servers of `ha.zookeeper-address`, each as `host:port`; the port is 2181 unless it is given.
 *
 * A path behind the servers is refused: addresses of Amoro's clients (`zookeeper://host:port/cluster`) have no place for
 * one, so that nobody would find what is published below it.
 *
 * @throws {MoraineError} `invalid-input` naming the setting
 */
export function parseZooKeeperAddress(text: string): readonly string[] {
  if (text.includes('/')) {
    throw wrong(
      text,
      'it has a path or a scheme, and only servers are wanted, for clients find no other path than the root',
    )
  }
  const servers = text
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '')
  if (servers.length === 0) throw wrong(text, 'it names no server')
  return servers.map((server) => {
    const match = SERVER.exec(server)
    const port = Number(match?.[2] ?? DEFAULT_PORT)
    if (match === null || port < 1 || port > 65_535) {
      throw wrong(text, `"${server}" is not a host name or IPv4 address with a port from 1 to 65535`)
    }
    return `${match[1]}:${port}`
  })
}

const SERVER = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::(\d{1,5}))?$/
const DEFAULT_PORT = 2181

function wrong(text: string, why: string): MoraineError {
  return new MoraineError('invalid-input', `ha.zookeeper-address is "${text}": ${why}; write it as host:port,host:port`)
}
