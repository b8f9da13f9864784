import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { AwsCredentialsChoice, AwsEnvironment } from '../aws/aws-credentials.ts'
import { awsCredentials } from '../aws/aws-credentials-provider.ts'
import { awsSigner, type SignRequest } from '../aws/aws-signer.ts'

/** How the requests to a catalog behind AWS are signed. */
export type RestSigning = {
  /** Absent if the environment has to say it. */
  readonly region: string | undefined
  /** The service: `glue`, `s3tables`, `execute-api`. */
  readonly name: string
  readonly credentials: AwsCredentialsChoice
}

/**
 * Signs requests as the reference implementation does (`RESTSigV4AuthSession`): an `Authorization` header of another kind
 * goes along as `Original-Authorization`.
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
  const credentials = awsCredentials(signing.credentials, { region, environment, clock })
  return awsSigner({ region, service: signing.name, credentials }, clock)
}
