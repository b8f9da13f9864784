import type { Clock } from '@moraine/stdx/clock'
import type { AwsCredentials } from './aws-credentials.ts'

export type UnsignedRequest = {
  readonly method: string
  /** With all but unreserved characters of the query encoded. */
  readonly url: URL
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** Headers to send instead of those of the request. */
export type SignRequest = (request: UnsignedRequest) => Promise<Record<string, string>>

export type AwsSignerOptions = {
  readonly region: string
  /** `glue`, `s3tables`, `sts`, `execute-api`. */
  readonly service: string
  readonly credentials: () => Promise<AwsCredentials>
}

/**
 * Signs requests with AWS Signature Version 4, the hash of the body among the signed headers. What the signature sets by
 * itself and somebody else has set goes along as `original-authorization` and so on, signed too.
 */
export function awsSigner(options: AwsSignerOptions, clock: Pick<Clock, 'now'>): SignRequest {
  let loading: ReturnType<typeof loadSigner> | undefined
  return async ({ method, url, headers, body }) => {
    loading ??= loadSigner(options)
    const signer = await loading
    const signed = await signer.sign(
      {
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: queryOf(url),
        headers: { ...relocated(headers), host: url.host },
        body,
      },
      { signingDate: new Date(clock.now()) },
    )
    const { host: _, ...rest } = signed.headers
    return rest
  }
}

// Loaded when it is needed: most catalogs are not AWS's.
async function loadSigner(options: AwsSignerOptions) {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-crypto/sha256-js'),
  ])
  return new SignatureV4({ ...options, sha256: Sha256 })
}

function relocated(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [SIGNED_HEADERS.has(name) ? `original-${name}` : name, value]),
  )
}

const SIGNED_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
])

function queryOf(url: URL): Record<string, string[]> {
  const query: Record<string, string[]> = {}
  for (const name of new Set(url.searchParams.keys())) query[name] = url.searchParams.getAll(name)
  return query
}
