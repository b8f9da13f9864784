import { MoraineError } from '@moraine/stdx/error'

/** Where the optimizing service of a server listens, and whether with TLS (`thrifts`). */
export type ThriftAddress = { readonly scheme: 'thrift' | 'thrifts'; readonly host: string; readonly port: number }

const DEFAULT_PORT = 1261

/**
 * Reads `thrift://host:port` or `thrifts://host:port`, or several with commas, of which the later may leave out the scheme.
 *
 * @throws {MoraineError} `invalid-input` naming what is none, or that some are with TLS and some without
 */
export function parseThriftAddresses(urls: string): readonly [ThriftAddress, ...ThriftAddress[]] {
  const scheme = /^(thrifts?):\/\//.exec(urls.trim())?.[1]
  if (scheme !== 'thrift' && scheme !== 'thrifts') throw invalid(urls, FORM)
  const [first, ...others] = urls.split(',')
  return [parseAddress(first ?? '', scheme, urls), ...others.map((each) => parseAddress(each, scheme, urls))]
}

const FORM =
  'write thrift://host:port, or thrifts:// where it is with TLS, and for several servers thrift://one:1261,two:1261'

function parseAddress(url: string, scheme: ThriftAddress['scheme'], urls: string): ThriftAddress {
  const [, own = scheme, host, port] =
    /^(?:(thrifts?):\/\/)?([^/:]+|\[[^\]/]+\])(?::(\d{1,5}))?\/?$/.exec(url.trim()) ?? []
  if (host === undefined) throw invalid(urls, FORM)
  if (own !== scheme) {
    throw invalid(urls, 'some are with TLS (thrifts://) and some without (thrift://); it must be the same for all')
  }
  const number = Number(port ?? DEFAULT_PORT)
  if (number < 1 || number > 65_535) throw invalid(urls, `port ${port} is not from 1 to 65535`)
  return { scheme, host: host.replace(/^\[|\]$/g, ''), port: number }
}

function invalid(urls: string, what: string): MoraineError {
  return new MoraineError('invalid-input', `--url ${urls}: ${what}`)
}

export function formatThriftAddress({ host, port }: Omit<ThriftAddress, 'scheme'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
