import { encodeForS3 } from '@moraine/storage/s3-signature'

/** What a URL of S3 names, in one reading. `key` is empty for the bucket itself. */
export type S3Address = {
  readonly origin: URL
  readonly bucket: string
  readonly key: string
  /** Decoded; no name stands twice. */
  readonly query: Readonly<Record<string, string>>
  /** Of the canonical URL. */
  readonly path: string
}

/**
 * Takes a URL apart, by path (`host/bucket/key`) or by host (`bucket.host/key`). A URL that client, server and we might
 * read in different ways is not taken: with a user, a fragment, `.` or `..` (encoded or not, once or twice), repeated
 * slashes, a plus sign (a space to some), characters outside of ASCII, or a parameter given twice. Nor is one of another
 * store.
 *
 * @returns what it names, or why it is not taken
 */
export function parseS3Address(uri: string, store: S3Hosts): S3Address | string {
  const [, scheme = '', authority = '', path = '/', query = ''] =
    /^(https?):\/\/([A-Za-z0-9.:[\]-]+)(\/[^?#]*)?(?:\?([^#]*))?$/.exec(uri) ?? []
  const isPlain = /^[\x21-\x7e]*$/.test(uri) && !/[\\+]/.test(path) && URL.canParse(`${scheme}://${authority}`)
  if (scheme === '' || !isPlain) return 'its URL is not one that clients of S3 write'
  const origin = new URL(`${scheme}://${authority}`)
  const raw = bucketAndPath(origin, path, store)
  if (raw === undefined) return `it goes to ${authority}, which is not the store of the catalog`
  const bucket = decoded(raw.bucket)
  const key = decoded(raw.path)
  if (bucket === undefined || key === undefined || isAmbiguous(key)) return 'its key can be read in more than one way'
  const parameters = parseQuery(query)
  if (parameters === undefined) return 'its query can be read in more than one way'
  const segments = raw.byHost ? [key] : key === '' && !path.slice(1).includes('/') ? [bucket] : [bucket, key]
  const canonical = `/${segments.join('/').split('/').map(encodeForS3).join('/')}`
  return { origin, bucket, key, query: parameters, path: canonical }
}

/** The address in the one form that is signed. */
export function formatS3Address({ origin, path, query }: S3Address): string {
  const pairs = Object.entries(query).map(([name, value]) => `${encodeForS3(name)}=${encodeForS3(value)}`)
  return `${origin.origin}${path}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`
}

/** Where a store is. Without an endpoint it is AWS's own of the region. */
export type S3Hosts = { readonly endpoint: URL | undefined; readonly region: string }

function bucketAndPath(
  origin: URL,
  path: string,
  { endpoint, region }: S3Hosts,
): { readonly bucket: string; readonly path: string; readonly byHost: boolean } | undefined {
  if (origin.protocol !== (endpoint?.protocol ?? 'https:')) return undefined
  const hosts = endpoint === undefined ? awsHosts(region) : [endpoint.host]
  const whole = path.slice(1)
  if (hosts.includes(origin.host)) {
    const slash = whole.indexOf('/')
    const bucket = slash < 0 ? whole : whole.slice(0, slash)
    return bucket === '' ? undefined : { bucket, path: slash < 0 ? '' : whole.slice(slash + 1), byHost: false }
  }
  // Another store than AWS's may know but one of the spellings, and take the other's bucket for a key's beginning.
  if (endpoint !== undefined && !endpoint.hostname.endsWith('.amazonaws.com')) return undefined
  const host = hosts.find((each) => origin.host.endsWith(`.${each}`))
  if (host === undefined) return undefined
  return { bucket: origin.host.slice(0, -host.length - 1), path: whole, byHost: true }
}

function awsHosts(region: string): readonly string[] {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  const regional = [`s3.${region}.${domain}`, `s3.dualstack.${region}.${domain}`]
  return region === 'us-east-1' ? [...regional, `s3.${domain}`] : regional
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function isAmbiguous(key: string): boolean {
  const twice = key.replace(/%[\dA-Fa-f]{2}/g, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)))
  const hasDots = (text: string) => text.split(/[/\\]/).some((segment) => segment === '.' || segment === '..')
  return /^\/|\/\/|[\p{Cc}]/u.test(key) || hasDots(key) || hasDots(twice)
}

function parseQuery(query: string): Record<string, string> | undefined {
  const found = new Map<string, string>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
    // S3 reads a plus sign in a query as a space, as forms do.
    const value = decoded((equals < 0 ? '' : pair.slice(equals + 1)).replaceAll('+', '%20'))
    if (name === undefined || value === undefined || !/^[a-z][a-zA-Z-]*$/.test(name) || found.has(name))
      return undefined
    found.set(name, value)
  }
  return Object.fromEntries(found)
}
