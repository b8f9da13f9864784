import { createHash, createHmac } from 'node:crypto'
import type { EpochMs } from '@moraine/stdx/brand'

export type S3Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly region: string
}

/**
 * The headers of a signed request without a body: AWS Signature Version 4, in the header, as S3 wants it.
 * `url` has its path and query encoded by {@link encodeForS3}, its query in order of its names.
 */
export function signS3Request(
  method: string,
  url: URL,
  credentials: S3Credentials,
  now: EpochMs,
): Readonly<Record<string, string>> {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = `${time.slice(0, 8)}/${credentials.region}/s3/aws4_request`
  const token = credentials.sessionToken
  const signed: readonly (readonly [string, string])[] = [
    ['host', url.host],
    ['x-amz-content-sha256', EMPTY_SHA256],
    ['x-amz-date', time],
    ...(token === undefined ? [] : [['x-amz-security-token', token] as const]),
  ]
  const names = signed.map(([name]) => name).join(';')
  const headers = signed.map(([name, value]) => `${name}:${value}\n`).join('')
  const request = [method, url.pathname, url.search.slice(1), headers, names, EMPTY_SHA256].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(request)].join('\n')
  const key = scope.split('/').reduce<Buffer | string>(hmac, `AWS4${credentials.secretAccessKey}`)
  const signature = hmac(key, toSign).toString('hex')
  return {
    ...Object.fromEntries(signed.filter(([name]) => name !== 'host')),
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  }
}

/** Percent-encodes all but unreserved characters (RFC 3986), as the signature counts them. */
export function encodeForS3(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

const EMPTY_SHA256 = sha256('')

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
