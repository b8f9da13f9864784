import { MoraineError } from '@moraine/stdx/error'

export type AwsCredentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** When they end; whoever holds them asks again before. */
  readonly expiration?: Date
}

/** `default`: what AWS's own clients find, in the environment, in profiles, from a container, a cluster or a machine. */
export type AwsCredentialsChoice =
  | { readonly kind: 'static'; readonly credentials: AwsCredentials }
  | { readonly kind: 'environment' }
  | { readonly kind: 'default' }

/**
 * Where a client of AWS gets its credentials: what `client.credentials-provider` names, else the keys by the first of the
 * prefixes that has some (`glue.access-key-id`, `client.access-key-id`), else AWS's default.
 *
 * @throws {MoraineError} `invalid-input` or `unsupported`, naming the property
 */
export function chooseAwsCredentials(
  find: (key: string) => string | undefined,
  prefixes: readonly string[],
): AwsCredentialsChoice {
  const provider = find('client.credentials-provider')
  if (provider !== undefined) return namedProvider(provider)
  for (const prefix of prefixes) {
    const credentials = staticCredentials(find, prefix)
    if (credentials !== undefined) return { kind: 'static', credentials }
  }
  return { kind: 'default' }
}

export type AwsEnvironment = Readonly<Record<string, string | undefined>>

/** Credentials of the environment variables, as all of AWS's clients read them. */
export function environmentCredentials(environment: AwsEnvironment): AwsCredentials {
  const accessKeyId = environment['AWS_ACCESS_KEY_ID']
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY']
  const sessionToken = environment['AWS_SESSION_TOKEN']
  if (!accessKeyId || !secretAccessKey) {
    throw new MoraineError('permission', 'the environment has no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; set them')
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}

// The values are names of Java classes, which the same properties give to other engines.
function namedProvider(name: string): AwsCredentialsChoice {
  const simple = name.split('.').at(-1)
  if (simple === 'DefaultCredentialsProvider') return { kind: 'default' }
  if (simple === 'EnvironmentVariableCredentialsProvider') return { kind: 'environment' }
  throw new MoraineError(
    'unsupported',
    `client.credentials-provider is ${name}; DefaultCredentialsProvider and EnvironmentVariableCredentialsProvider can be used, or give keys`,
  )
}

function staticCredentials(find: (key: string) => string | undefined, prefix: string): AwsCredentials | undefined {
  const accessKeyId = find(`${prefix}.access-key-id`)
  const secretAccessKey = find(`${prefix}.secret-access-key`)
  const sessionToken = find(`${prefix}.session-token`)
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
  }
  // An id alone is how other stores name theirs (client.access-key-id of OSS goes with client.access-key-secret).
  if (secretAccessKey === undefined && (accessKeyId === undefined || prefix === 'client')) return undefined
  throw new MoraineError(
    'invalid-input',
    `${prefix}.access-key-id and ${prefix}.secret-access-key are given only together`,
  )
}

/**
 * What asks for credentials where no client of AWS does. They are held until shortly before they end.
 *
 * @throws {MoraineError} `permission` if there are none; when asked
 */
export function awsCredentials(
  choice: AwsCredentialsChoice,
  { region, environment }: { readonly region: string; readonly environment: AwsEnvironment },
): () => Promise<AwsCredentials> {
  if (choice.kind === 'static') return async () => choice.credentials
  if (choice.kind === 'environment') return async () => environmentCredentials(environment)
  let asking: Promise<() => Promise<AwsCredentials>> | undefined
  return async () => {
    asking ??= defaultCredentials(region)
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

/** What every client of AWS finds by itself; any will do to ask. It takes 0.3 s to load. */
async function defaultCredentials(region: string): Promise<() => Promise<AwsCredentials>> {
  const { GlueClient } = await import('@aws-sdk/client-glue')
  const { credentials } = new GlueClient({ region }).config
  return () => credentials()
}
