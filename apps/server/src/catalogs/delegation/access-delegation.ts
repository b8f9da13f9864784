import { type AwsCredentialsChoice, type AwsRole, chooseAwsCredentials } from '@moraine/catalogs/aws/aws-credentials'
import type { CatalogMap, CatalogType } from '@moraine/management/catalogs/managed-catalog'
import { MoraineError } from '@moraine/stdx/error'
import { isSecret } from '../catalog-secrets.ts'
import { parseS3Prefix, type S3Prefix } from './s3-prefix.ts'

/** How a client of the REST catalog comes to a table's files with what the catalog has. */
export type DelegationWay = 'sts-credentials' | 'static-credentials' | 'remote-signing'

/** What a catalog hands out, and by which means. */
export type AccessDelegation = {
  /** In order of preference; at least one. */
  readonly ways: readonly DelegationWay[]
  /** Where tables lie whose files clients may come to: the warehouse first, if it is in S3. */
  readonly roots: readonly S3Prefix[]
  readonly warehouse: S3Prefix | undefined
  readonly catalogType: CatalogType
  /** Of the service itself. */
  readonly credentials: AwsCredentialsChoice
  /** Of which sessions are given; its session name is of no account. */
  readonly role: AwsRole | undefined
  /** Of STS, if it is not AWS's for the region. */
  readonly stsEndpoint: string | undefined
  readonly store: S3Store
  /** Settings without secrets by which clients reach the store. */
  readonly clientSettings: CatalogMap
}

export type S3Store = {
  /** Absent for AWS's own of the region. */
  readonly endpoint: URL | undefined
  readonly isAws: boolean
  /** Absent if the catalog does not say it. */
  readonly region: string | undefined
  /** ARNs of keys of KMS by which objects are encrypted. */
  readonly kmsKey: string | undefined
}

/**
 * Reads `access-delegation` and the properties that go with it: `access-delegation.role-arn` and `.external-id` (those of
 * `client.assume-role.*` by default), `.sts-endpoint`, `.duration-sec`, `.locations`. `undefined` if nothing is handed out.
 *
 * @throws {MoraineError} `invalid-input` or `unsupported`, naming the property and the remedy
 */
export function accessDelegation(properties: CatalogMap, catalogType: CatalogType): AccessDelegation | undefined {
  const find: Find = (key) => (Object.hasOwn(properties, key) ? properties[key]?.trim() || undefined : undefined)
  const ways = waysOf(find)
  if (ways.length === 0) return undefined
  const warehouse = optionalPrefix(find('warehouse'))
  const others = words(find('access-delegation.locations')).map((each) => requiredPrefix(each))
  const roots = [...(warehouse === undefined ? [] : [warehouse]), ...others]
  if (roots.length === 0) {
    throw invalid(
      'access-delegation needs tables in S3: a warehouse such as s3://bucket/warehouse, or access-delegation.locations',
    )
  }
  const chosen = chooseAwsCredentials(properties, ['s3'])
  const base = chosen.kind === 'role' ? chosen.base : chosen
  const role = roleOf(find)
  checkMeans(ways, find, base, role)
  return {
    ways,
    roots,
    warehouse,
    catalogType,
    credentials: chosen,
    role,
    stsEndpoint: stsEndpointOf(find),
    store: storeOf(find),
    clientSettings: clientSettings(find),
  }
}

type Find = (key: string) => string | undefined

const WAYS: readonly DelegationWay[] = ['sts-credentials', 'static-credentials', 'remote-signing']

function waysOf(find: Find): readonly DelegationWay[] {
  const named = words(find('access-delegation')).map((word) => {
    const way = WAYS.find((each) => each === word.toLowerCase())
    if (way !== undefined) return way
    throw invalid(`access-delegation is a list of ${WAYS.join(', ')}; ${JSON.stringify(word)} is none of them`)
  })
  return [...new Set(named)]
}

function checkMeans(
  ways: readonly DelegationWay[],
  find: Find,
  base: AwsCredentialsChoice,
  role: AwsRole | undefined,
): void {
  if (ways.includes('sts-credentials') && role === undefined) {
    throw invalid(
      'access-delegation sts-credentials needs the role whose sessions are given: set access-delegation.role-arn or client.assume-role.arn (MinIO takes any, such as arn:aws:iam::000000000000:role/moraine)',
    )
  }
  if (ways.includes('static-credentials') && base.kind !== 'static') {
    throw invalid('access-delegation static-credentials needs s3.access-key-id and s3.secret-access-key')
  }
  if (!ways.includes('remote-signing')) return
  if (base.kind === 'default' && role === undefined && find('client.credentials-provider') === undefined) {
    throw invalid(
      'access-delegation remote-signing needs credentials to sign with: set s3.access-key-id and s3.secret-access-key, access-delegation.role-arn, or client.credentials-provider',
    )
  }
  const endpoint = addressOf(find, 's3.endpoint')
  if (endpoint !== undefined && endpoint.pathname !== '/') {
    throw invalid('access-delegation remote-signing: s3.endpoint has a path, below which requests cannot be signed')
  }
}

function roleOf(find: Find): AwsRole | undefined {
  const arn = find('access-delegation.role-arn') ?? find('client.assume-role.arn')
  if (arn === undefined) return undefined
  const externalId = find('access-delegation.external-id') ?? find('client.assume-role.external-id')
  return { arn, externalId, sessionName: 'moraine', durationSeconds: durationOf(find), tags: [] }
}

/** AWS's own bounds. */
const SECONDS_MIN = 900
const SECONDS_MAX = 43_200

function durationOf(find: Find): number {
  const text = find('access-delegation.duration-sec')
  if (text === undefined) return 3600
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (seconds >= SECONDS_MIN && seconds <= SECONDS_MAX) return seconds
  throw invalid(
    `access-delegation.duration-sec is "${text}"; set it to an integer from ${SECONDS_MIN} to ${SECONDS_MAX}`,
  )
}

/** Other stores than AWS's have their STS at their own address. */
function stsEndpointOf(find: Find): string | undefined {
  const given = addressOf(find, 'access-delegation.sts-endpoint')
  if (given !== undefined) return given.href
  const { endpoint, isAws } = storeOf(find)
  return isAws ? undefined : endpoint?.href
}

function storeOf(find: Find): S3Store {
  const endpoint = addressOf(find, 's3.endpoint')
  const isAws = endpoint === undefined || /\.amazonaws\.com(\.cn)?$/.test(endpoint.hostname)
  return { endpoint, isAws, region: regionOf(find), kmsKey: kmsKeyOf(find) }
}

function addressOf(find: Find, key: string): URL | undefined {
  const text = find(key)
  if (text === undefined) return undefined
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text)
  throw invalid(`${key}: give an address such as https://s3.example:9000`)
}

function regionOf(find: Find): string | undefined {
  return find('client.region') ?? find('s3.region')
}

function kmsKeyOf(find: Find): string | undefined {
  const key = find('s3.sse.type')?.toLowerCase() === 'kms' ? find('s3.sse.key') : undefined
  return key?.startsWith('arn:') ? key : undefined
}

/** What all clients may know. Named one by one: what is added to storage settings later is not told by itself. */
const TOLD = ['s3.endpoint', 's3.path-style-access', 's3.sse.type', 's3.write.storage-class']

function clientSettings(find: Find): CatalogMap {
  const told = TOLD.flatMap((key) => {
    const value = find(key)
    return value === undefined || isSecret(key, value) ? [] : [[key, value] as const]
  })
  const region = regionOf(find)
  // Java's clients read the one, Python's the other.
  return { ...Object.fromEntries(told), ...(region !== undefined && { 'client.region': region, 's3.region': region }) }
}

function optionalPrefix(location: string | undefined): S3Prefix | undefined {
  return location !== undefined && /^s3[an]?:\/\//i.test(location) ? requiredPrefix(location) : undefined
}

function requiredPrefix(location: string): S3Prefix {
  const prefix = parseS3Prefix(location)
  if (prefix !== undefined) return prefix
  throw invalid(`access-delegation: ${JSON.stringify(location)} is no location in S3, such as s3://bucket/folder`)
}

function words(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

function invalid(message: string): MoraineError {
  return new MoraineError('invalid-input', message)
}
