import { MoraineError } from '@moraine/stdx/error'
import { type AwsCredentialsChoice, chooseAwsCredentials } from '../aws/aws-credentials.ts'

/** What the properties of a Glue catalog come down to. */
export type GlueSettings = {
  /** Of the service, if not AWS's for the region. */
  readonly endpoint: string | undefined
  /** Where AWS's own configuration does not say it. */
  readonly region: string | undefined
  readonly credentials: AwsCredentialsChoice
  /** Glue's catalog: an account, or a catalog inside one; that of the credentials if absent. */
  readonly catalogId: string | undefined
  /** Where databases without a location have their tables, without a trailing slash. */
  readonly warehouse: string | undefined
  /** Whether a commit keeps no copy of the table as Glue had it before. */
  readonly skipsArchive: boolean
  readonly skipsNameValidation: boolean
  /** Of each call, the first included. */
  readonly attempts: number
}

type Find = (key: string) => string | undefined

/**
 * Takes the names that Iceberg's Java and Python clients use. Keys and tokens are in no message.
 *
 * @throws {MoraineError} `invalid-input` or `unsupported`, naming the property
 */
export function glueSettings(properties: Readonly<Record<string, string>>): GlueSettings {
  const find: Find = (key) => (Object.hasOwn(properties, key) ? properties[key]?.trim() || undefined : undefined)
  refuseUnsupported(find)
  return {
    endpoint: endpointOf(find),
    region: find('glue.region') ?? find('client.assume-role.region') ?? find('client.region'),
    credentials: chooseAwsCredentials(properties, ['glue', 'client', 's3']),
    catalogId: find('glue.id'),
    warehouse: find('warehouse')?.replace(/\/+$/, ''),
    skipsArchive: flag(find, 'glue.skip-archive', true),
    skipsNameValidation: flag(find, 'glue.skip-name-validation', false),
    attempts: attemptsOf(find),
  }
}

/** What would change who may commit, or as whom, is never passed over. */
function refuseUnsupported(find: Find): void {
  if (find('lock-impl') !== undefined) {
    throw new MoraineError(
      'unsupported',
      'lock-impl: commits are guarded by the version that Glue gives a table, and writers that hold a lock instead could undo them; remove lock-impl from all writers',
    )
  }
  if (flag(find, 'glue.lakeformation-enabled', false)) {
    throw new MoraineError(
      'unsupported',
      'glue.lakeformation-enabled: credentials of Lake Formation are not supported; grant those of this catalog access to the location',
    )
  }
  const factory = find('client.factory')
  if (factory !== undefined && !/\.(AssumeRoleAwsClientFactory|DefaultAwsClientFactory)$/.test(factory)) {
    throw new MoraineError('unsupported', `client.factory is ${factory}, a Java class which is not known here`)
  }
  for (const key of ['glue.profile-name', 'client.profile-name']) {
    if (find(key) === undefined) continue
    throw new MoraineError(
      'unsupported',
      `${key} is not supported; name the profile in AWS_PROFILE, by which the default credentials are found`,
    )
  }
}

function endpointOf(find: Find): string | undefined {
  const endpoint = find('glue.endpoint')
  if (endpoint === undefined || (/^https?:\/\//.test(endpoint) && URL.canParse(endpoint))) return endpoint
  throw new MoraineError('invalid-input', 'glue.endpoint: give an address such as https://glue.eu-west-1.amazonaws.com')
}

function attemptsOf(find: Find): number {
  const text = find('glue.max-retries')
  if (text === undefined) return ATTEMPTS
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (value > 0) return value
  throw new MoraineError('invalid-input', `glue.max-retries is "${text}"; set it to an integer from 1 to 999`)
}

/** As PyIceberg. */
const ATTEMPTS = 10

function flag(find: Find, key: string, fallback: boolean): boolean {
  const text = find(key)?.toLowerCase()
  if (text === undefined) return fallback
  if (text === 'true' || text === 'false') return text === 'true'
  throw new MoraineError('invalid-input', `${key} is "${text}"; set it to true or false`)
}
