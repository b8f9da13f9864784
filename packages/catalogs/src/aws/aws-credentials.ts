import { MoraineError } from '@moraine/stdx/error'

export type AwsCredentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** When they end; whoever holds them asks again before. */
  readonly expiration?: Date
}

/**
 * Where credentials come from. `default`: what AWS's own clients find, in the environment, in profiles, from a container,
 * a cluster or a machine. `role`: of a role that is assumed with others.
 */
export type AwsCredentialsChoice =
  | { readonly kind: 'static'; readonly credentials: AwsCredentials }
  | { readonly kind: 'environment' }
  | { readonly kind: 'default' }
  | { readonly kind: 'role'; readonly role: AwsRole; readonly base: AwsCredentialsChoice }

export type AwsRole = {
  readonly arn: string
  readonly externalId: string | undefined
  readonly sessionName: string
  readonly durationSeconds: number
  /** Of the session. */
  readonly tags: readonly { readonly key: string; readonly value: string }[]
}

type Find = (key: string) => string | undefined

/**
 * Where a client of AWS gets its credentials: what `client.credentials-provider` names, else the keys by the first of the
 * prefixes that has some (`glue.access-key-id`, `client.access-key-id`), else AWS's default; and with these those of the
 * role that `client.assume-role.arn` names.
 *
 * @throws {MoraineError} `invalid-input` or `unsupported`, naming the property
 */
export function chooseAwsCredentials(
  properties: Readonly<Record<string, string>>,
  prefixes: readonly string[],
): AwsCredentialsChoice {
  const find: Find = (key) => (Object.hasOwn(properties, key) ? properties[key]?.trim() || undefined : undefined)
  const base = baseCredentials(find, prefixes)
  const arn = find('client.assume-role.arn')
  if (arn === undefined) return base
  const role = {
    arn,
    externalId: find('client.assume-role.external-id'),
    sessionName: find('client.assume-role.session-name') ?? 'moraine',
    durationSeconds: durationOf(find('client.assume-role.timeout-sec')),
    tags: Object.entries(properties).flatMap(([key, value]) =>
      key.startsWith(TAG_PREFIX) ? [{ key: key.slice(TAG_PREFIX.length), value }] : [],
    ),
  }
  return { kind: 'role', role, base }
}

const TAG_PREFIX = 'client.assume-role.tags.'

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

function baseCredentials(find: Find, prefixes: readonly string[]): AwsCredentialsChoice {
  const provider = find('client.credentials-provider')
  if (provider !== undefined) return namedProvider(provider)
  for (const prefix of prefixes) {
    const credentials = staticCredentials(find, prefix)
    if (credentials !== undefined) return { kind: 'static', credentials }
  }
  return { kind: 'default' }
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

function staticCredentials(find: Find, prefix: string): AwsCredentials | undefined {
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

function durationOf(text: string | undefined): number {
  if (text === undefined) return 3600
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (seconds >= 900) return seconds
  throw new MoraineError(
    'invalid-input',
    `client.assume-role.timeout-sec is "${text}"; set it to an integer of at least 900`,
  )
}
