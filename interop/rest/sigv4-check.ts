import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

// AWS Signature Version 4 as the side that is signed to sees it, after AWS's documentation ("Create a signed AWS API request"),
// and of nothing that signs here.

export type WireRequest = {
  readonly method: string
  /** Path and query as they are on the wire. */
  readonly target: string
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

/** Whom requests have to be signed by, and for what. */
export type SigningAccount = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly service: string
}

const SKEW_MS_MAX = 5 * 60_000
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/

/** Why AWS would refuse a request, in its words; `undefined` if it would not. */
export function whyRefused(request: WireRequest, account: SigningAccount, nowMs: number): string | undefined {
  const { headers, body } = request
  const { authorization = '', 'x-amz-date': time = '' } = headers
  const found = AUTHORIZATION.exec(authorization)
  if (found === null) return 'Missing Authentication Token'
  const [, keyId = '', day = '', region = '', service = '', names = '', signature = ''] = found
  if (keyId !== account.accessKeyId) return 'The security token included in the request is invalid.'
  if (service !== account.service) return `Credential should be scoped to correct service: '${account.service}'.`
  if (region !== account.region) return 'Credential should be scoped to a valid region.'
  if (!time.startsWith(`${day}T`))
    return 'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date'
  if (Math.abs(epochMsOf(time) - nowMs) > SKEW_MS_MAX) return `Signature expired: ${time} is not near the time here`
  const signed = names.split(';')
  const unsigned = Object.keys(headers).filter((name) => mustBeSigned(name) && !signed.includes(name))
  if (unsigned.length > 0) return `Headers must be signed: ${unsigned.join(', ')}`
  const payload = sha256(body)
  if ((headers['x-amz-content-sha256'] ?? payload) !== payload) return 'x-amz-content-sha256 is not that of the body'
  const toSign = [
    'AWS4-HMAC-SHA256',
    time,
    `${day}/${region}/${service}/aws4_request`,
    sha256(canonical(request, signed)),
  ]
  const key = ['aws4_request', service, region, day].reduceRight(hmac, Buffer.from(`AWS4${account.secretAccessKey}`))
  const isRight = timingSafeEqual(hmac(key, toSign.join('\n')), Buffer.from(signature, 'hex'))
  return isRight ? undefined : MISMATCH
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

function mustBeSigned(name: string): boolean {
  return name === 'host' || name.startsWith('x-amz-')
}

function canonical({ method, target, headers, body }: WireRequest, signed: readonly string[]): string {
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(target) ?? []
  const lines = signed.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`)
  // Of every service but S3 the path is encoded once more than it is on the wire.
  const encodedPath = path.split('/').map(encode).join('/')
  return [method, encodedPath, canonicalQuery(query), lines.join(''), signed.join(';'), sha256(body)].join('\n')
}

function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs = query.split('&').map((pair) => {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? []
    return [encode(decodeURIComponent(name)), encode(decodeURIComponent(value))] as const
  })
  const inOrder = pairs.sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
  return inOrder.map(([name, value]) => `${name}=${value}`).join('&')
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** All but RFC 3986's unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Of `20150830T123600Z`. */
function epochMsOf(time: string): number {
  return Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}
