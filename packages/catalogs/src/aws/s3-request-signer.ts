import type { Clock } from '@moraine/stdx/clock'
import type { AwsCredentials } from './aws-credentials.ts'

export type S3Request = {
  readonly method: string
  readonly origin: URL
  /** With all but unreserved characters and slashes encoded, as S3 counts it. */
  readonly path: string
  /** Decoded. */
  readonly query: Readonly<Record<string, string>>
  /** All of them are signed; by names in lower case, without those that the signature sets. */
  readonly headers: Readonly<Record<string, string>>
  /** SHA-256 of the body in hexadecimal, or the word that S3 takes for it, such as `UNSIGNED-PAYLOAD`. */
  readonly payload: string
}

/** Headers to send besides those of the request: AWS Signature Version 4, as S3 wants it. */
export async function signS3(
  request: S3Request,
  { credentials, region }: { readonly credentials: AwsCredentials; readonly region: string },
  clock: Pick<Clock, 'now'>,
): Promise<Record<string, string>> {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-crypto/sha256-js'),
  ])
  // S3 alone wants the path encoded once.
  const signer = new SignatureV4({ credentials, region, service: 's3', sha256: Sha256, uriEscapePath: false })
  const { method, origin, path, query, headers, payload } = request
  const signed = await signer.sign(
    {
      method,
      protocol: origin.protocol,
      hostname: origin.hostname,
      path,
      query: { ...query },
      headers: { ...headers, host: origin.host, 'x-amz-content-sha256': payload },
    },
    { signingDate: new Date(clock.now()) },
  )
  return Object.fromEntries(
    Object.entries(signed.headers).filter(([name]) => name !== 'host' && !Object.hasOwn(headers, name)),
  )
}
