import { MoraineError } from '@moraine/stdx/error'
import { type AssumeRoleDeps, assumedRole } from './assume-role.ts'
import { type AwsCredentials, type AwsCredentialsChoice, environmentCredentials } from './aws-credentials.ts'

/**
 * What asks for credentials. They are held until shortly before they end.
 *
 * @throws {MoraineError} `permission` if there are none; when asked
 */
export function awsCredentials(choice: AwsCredentialsChoice, deps: AssumeRoleDeps): () => Promise<AwsCredentials> {
  switch (choice.kind) {
    case 'static':
      return async () => choice.credentials
    case 'environment':
      return async () => environmentCredentials(deps.environment)
    case 'default':
      return defaultCredentials(deps.region)
    case 'role':
      return assumedRole(choice.role, awsCredentials(choice.base, deps), deps)
  }
}

/** What every client of AWS finds by itself; any will do to ask. It takes 0.3 s to load. */
function defaultCredentials(region: string): () => Promise<AwsCredentials> {
  let asking: Promise<() => Promise<AwsCredentials>> | undefined
  return async () => {
    asking ??= import('@aws-sdk/client-glue').then(({ GlueClient }) => new GlueClient({ region }).config.credentials)
    const ask = await asking
    try {
      return await ask()
    } catch {
      throw new MoraineError(
        'permission',
        'AWS has no credentials here; set keys, or what AWS calls its default credentials (AWS_ACCESS_KEY_ID, AWS_PROFILE, a role of the machine)',
      )
    }
  }
}
