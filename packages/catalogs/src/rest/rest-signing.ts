import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { type AwsCredentialsChoice, type AwsEnvironment, awsCredentials } from '../glue/aws-credentials.ts'

/** How the requests to a catalog behind AWS are signed. */
export type RestSigning = {
  /** Absent if the environment has to say it. */
  readonly region: string | undefined
  /** The service: `glue`, `s3tables`, `execute-api`. */
  readonly name: string
  readonly credentials: AwsCredentialsChoice
}

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

/**
 * Signs requests with AWS Signature Version 4, as the reference implementation does (`RESTSigV4AuthSession`): the hash of
 * the body is among the signed headers, and an `Authorization` header of another kind goes along as
 * `Original-Authorization`.
 *
 * @throws {MoraineError} `invalid-input` without a region; `permission` without credentials, when asked to sign
 */
export function restSigner(
  signing: RestSigning,
  { clock, environment }: { readonly clock: Clock; readonly environment: AwsEnvironment },
): SignRequest {
  const region = signing.region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION']
  if (!region) {
    throw new MoraineError('invalid-input', 'requests cannot be signed without rest.signing-region, or AWS_REGION')
  }
  const credentials = awsCredentials(signing.credentials, { region, environment })
  let loading: ReturnType<typeof loadSigner> | undefined
  return async ({ method, url, headers, body }) => {
    loading ??= loadSigner({ region, service: signing.name, credentials })
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

// Loaded when it is needed: most REST catalogs are not AWS's.
async function loadSigner(init: {
  readonly region: string
  readonly service: string
  readonly credentials: ReturnType<typeof awsCredentials>
}) {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-crypto/sha256-js'),
  ])
  return new SignatureV4({ ...init, sha256: Sha256 })
}

/** What the signature sets by itself is kept by another name if somebody else has set it. */
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
