import { MoraineError } from '@moraine/stdx/error'

/** Where the optimizing service of a server listens. */
export type ThriftAddress = { readonly host: string; readonly port: number }

const DEFAULT_PORT = 1261

/**
 * Reads `thrift://host:port`, or several with commas, of which the later may leave out the scheme.
 *
 * @throws {MoraineError} `invalid-input` naming what is none
 */
export function parseThriftAddresses(urls: string): readonly [ThriftAddress, ...ThriftAddress[]] {
  const [first, ...others] = urls.split(',')
  return [parseAddress(first ?? '', urls), ...others.map((each) => parseAddress(each, urls))]
}

function parseAddress(url: string, urls: string): ThriftAddress {
  const [, host, port] = /^(?:thrift:\/\/)?([^/:]+|\[[^\]/]+\])(?::(\d{1,5}))?\/?$/.exec(url.trim()) ?? []
  if (host === undefined || !urls.trim().startsWith('thrift://')) {
    throw invalid(urls, 'write thrift://host:port, or for several servers thrift://one:1261,two:1261')
  }
  const number = Number(port ?? DEFAULT_PORT)
  if (number < 1 || number > 65_535) throw invalid(urls, `port ${port} is not from 1 to 65535`)
  return { host: host.replace(/^\[|\]$/g, ''), port: number }
}

function invalid(urls: string, what: string): MoraineError {
  return new MoraineError('invalid-input', `--url ${urls}: ${what}`)
}

export function formatThriftAddress({ host, port }: ThriftAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
