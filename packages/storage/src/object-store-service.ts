import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { azureOptions } from './azure-settings.ts'
import { isPathStyle } from './s3-path-style.ts'
import { endS3Uploads } from './s3-uploads.ts'
import { isTrue, type StorageSettings } from './settings.ts'

/** One kind of object store: how opendal calls it, what it can do, and what each setting is called there. */
export type ObjectStoreService = {
  /** Schemes of its locations, in canonical form. */
  readonly schemes: readonly string[]
  /** Its name in opendal. */
  readonly service: string
  /** What our tests speak to; without it they rely on opendal's own. */
  readonly exercised?: 'server' | 'emulator'
  /** Whether a write can be conditional on there being no object. */
  readonly canCreateOnly: boolean
  /** Keys that the store takes for others; they are refused. */
  readonly confusedKeys?: RegExp
  /** A character for which opendal writes a key under another name; such an object is written elsewhere and copied. */
  readonly misnamedCharacter?: RegExp
  /** As much of a prefix as it can be asked to list, for those that it cannot; the rest is left out here. */
  listedPrefix?(prefix: string): string
  /** Settings that are options of opendal as they are. */
  readonly options: Readonly<Record<string, string>>
  /** Settings that take more than a new name. */
  readonly otherSettings: readonly string[]
  /** The remaining options, for the store that an authority (a bucket, mostly) names. */
  more(authority: string, settings: StorageSettings): Readonly<Record<string, string>>
  /** Ends the unfinished uploads of a key, where they cost until somebody does and we can. */
  endUploads?(authority: string, key: string, settings: StorageSettings, clock: Clock): Promise<void>
}

const S3: ObjectStoreService = {
  schemes: ['s3'],
  service: 's3',
  exercised: 'server',
  canCreateOnly: true,
  options: {
    's3.endpoint': 'endpoint',
    's3.access-key-id': 'access_key_id',
    's3.secret-access-key': 'secret_access_key',
    's3.session-token': 'session_token',
    's3.write.storage-class': 'default_storage_class',
    'client.assume-role.arn': 'role_arn',
    'client.assume-role.external-id': 'external_id',
    'client.assume-role.session-name': 'role_session_name',
  },
  otherSettings: [
    'client.region',
    's3.region',
    's3.path-style-access',
    's3.anonymous',
    's3.sse.type',
    's3.sse.key',
    's3.remote-signing-enabled',
  ],
  more: (bucket, settings) => ({
    bucket,
    ...s3Region(settings),
    enable_virtual_host_style: String(!isPathStyle(settings)),
    ...s3Credentials(settings),
    ...s3Encryption(settings),
  }),
  endUploads: endS3Uploads,
}

const GCS: ObjectStoreService = {
  schemes: ['gs'],
  service: 'gcs',
  exercised: 'emulator',
  canCreateOnly: true,
  // opendal encodes the name twice as it uploads, and once for all else: `p=1` would be written as `p%3D1`. These are what
  // its first encoding leaves alone.
  misnamedCharacter: /[^A-Za-z0-9/_.!~*'()-]/u,
  options: { 'gcs.service.host': 'endpoint', 'gcs.oauth2.token': 'token' },
  otherSettings: ['gcs.no-auth', 'gcs.project-id'],
  more: (bucket, settings) => ({
    bucket,
    ...(isTrue(settings, 'gcs.no-auth') && {
      allow_anonymous: 'true',
      disable_config_load: 'true',
      disable_vm_metadata: 'true',
    }),
  }),
}

// opendal's azdls service shows an empty file before its content, and wins create-only with it; block blobs do not.
const AZURE: ObjectStoreService = {
  schemes: ['abfs', 'wasb'],
  service: 'azblob',
  exercised: 'emulator',
  canCreateOnly: true,
  // A backslash is a slash to Azure.
  confusedKeys: /\\/,
  // opendal decodes the prefix twice as it signs with an account's key: Azure refuses what has an escape in it.
  listedPrefix: (prefix) => prefix.replace(/%[0-9A-Fa-f]{2}.*$/s, ''),
  options: {},
  otherSettings: [
    'adls.auth.shared-key.account.name',
    'adls.auth.shared-key.account.key',
    'adls.account-name',
    'adls.account-key',
    'adls.sas-token',
    'adls.connection-string',
    'adls.endpoint',
  ],
  more: azureOptions,
}

const OSS: ObjectStoreService = {
  schemes: ['oss'],
  service: 'oss',
  canCreateOnly: true,
  options: {
    'oss.endpoint': 'endpoint',
    'client.access-key-id': 'access_key_id',
    'client.access-key-secret': 'access_key_secret',
    'client.security-token': 'security_token',
  },
  otherSettings: [],
  more: (bucket) => ({ bucket }),
}

const COS: ObjectStoreService = {
  schemes: ['cos'],
  service: 'cos',
  canCreateOnly: true,
  options: { 'cos.endpoint': 'endpoint', 'cos.secret-id': 'secret_id', 'cos.secret-key': 'secret_key' },
  otherSettings: [],
  more: (bucket) => ({ bucket }),
}

const OBS: ObjectStoreService = {
  schemes: ['obs'],
  service: 'obs',
  canCreateOnly: false,
  options: {
    'obs.endpoint': 'endpoint',
    'obs.access-key-id': 'access_key_id',
    'obs.secret-access-key': 'secret_access_key',
  },
  otherSettings: [],
  more: (bucket) => ({ bucket }),
}

/**
 * The stores that can be used. HDFS is not among them: its WebHDFS has a client of our own (`webhdfs-file-io`).
 */
export const OBJECT_STORE_SERVICES: readonly ObjectStoreService[] = [S3, GCS, AZURE, OSS, COS, OBS]

/**
 * opendal's options for the store that `authority` names.
 *
 * @throws {MoraineError} `invalid-input` or `unsupported`, naming the setting.
 */
export function serviceOptions(
  service: ObjectStoreService,
  authority: string,
  settings: StorageSettings,
): Readonly<Record<string, string>> {
  const named = Object.entries(service.options).flatMap(([setting, option]) => {
    const value = settings[setting]
    return value === undefined ? [] : [[option, value] as const]
  })
  // The root is the whole bucket: keys stay as they are.
  return { root: '/', ...Object.fromEntries(named), ...service.more(authority, settings) }
}

function s3Region(settings: StorageSettings): Readonly<Record<string, string>> {
  const given = settings['client.region'] ?? settings['s3.region']
  // The environment may name one where it gives the credentials; other servers than AWS mostly take any.
  const needed = settings['s3.endpoint'] !== undefined || settings['s3.access-key-id'] !== undefined
  if (given === undefined && !needed) return {}
  return { region: given ?? 'us-east-1' }
}

function s3Credentials(settings: StorageSettings): Readonly<Record<string, string>> {
  if (isTrue(settings, 's3.remote-signing-enabled')) {
    throw new MoraineError(
      'unsupported',
      's3.remote-signing-enabled: requests signed by the catalog are not supported; have the catalog vend credentials (X-Iceberg-Access-Delegation: vended-credentials)',
    )
  }
  const given = [settings['s3.access-key-id'], settings['s3.secret-access-key']]
  if (given.filter((key) => key !== undefined).length === 1) {
    throw new MoraineError('invalid-input', 's3.access-key-id and s3.secret-access-key are given only together')
  }
  if (isTrue(settings, 's3.anonymous')) {
    return { allow_anonymous: 'true', disable_config_load: 'true', disable_ec2_metadata: 'true' }
  }
  // Keys of the settings must not be mixed with a session token or a role of the environment.
  return given[0] === undefined ? {} : { disable_config_load: 'true', disable_ec2_metadata: 'true' }
}

function s3Encryption(settings: StorageSettings): Readonly<Record<string, string>> {
  const type = settings['s3.sse.type'] ?? 'none'
  const key = settings['s3.sse.key']
  switch (type) {
    case 'none':
      return {}
    case 's3':
      return { server_side_encryption: 'AES256' }
    case 'kms':
      return {
        server_side_encryption: 'aws:kms',
        ...(key !== undefined && { server_side_encryption_aws_kms_key_id: key }),
      }
    default:
      throw new MoraineError('unsupported', `s3.sse.type is ${JSON.stringify(type)}; it may be none, s3 or kms`)
  }
}
