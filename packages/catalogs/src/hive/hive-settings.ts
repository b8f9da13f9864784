import { MoraineError } from '@moraine/stdx/error'
import type { PlainCredentials } from '@moraine/thrift/sasl-plain'
import { type HiveToken, parseHiveToken } from './hive-token.ts'

/** What the properties of a Hive catalog come down to. */
export type HiveSettings = {
  /** Tried in turn. */
  readonly endpoints: readonly HiveEndpoint[]
  readonly useTls: boolean
  readonly sasl: PlainCredentials | { readonly token: HiveToken } | undefined
  /** Who owns what is made, and whose locks are. */
  readonly user: string
  /** Connections at a time. */
  readonly clients: number
  readonly callTimeoutMs: number
  /** Where databases go that are created without a location, without a trailing slash; else the metastore decides. */
  readonly warehouse: string | undefined
  /** For tables that do not say by themselves: whether commits take Hive's locks. */
  readonly isLockEnabled: boolean
  /** For tables that do not say by themselves: whether Hive itself is to read them. */
  readonly isHiveEnabled: boolean
  /** Characters that a table parameter derived from metadata may have. */
  readonly parameterLengthMax: number
  readonly lock: HiveLockSettings
}

export type HiveEndpoint = { readonly host: string; readonly port: number }

export type HiveLockSettings = {
  readonly timeoutMs: number
  readonly checkMinWaitMs: number
  readonly checkMaxWaitMs: number
  readonly heartbeatIntervalMs: number
}

type Find = (key: string) => string | undefined

/**
 * Takes the names that Iceberg's and Hive's own clients use. Passwords are not in any message.
 *
 * @throws {MoraineError} `invalid-input` or `unsupported`, naming the property
 */
export function hiveSettings(properties: Readonly<Record<string, string>>): HiveSettings {
  const find: Find = (key) => (Object.hasOwn(properties, key) ? properties[key]?.trim() : undefined)
  const useTls = flag(find, 'hive.metastore.use.SSL', false)
  if (useTls && find('hive.metastore.truststore.path') !== undefined) {
    throw new MoraineError(
      'unsupported',
      'hive.metastore.truststore.path names a Java key store, which is not read here; name the authority in PEM by NODE_EXTRA_CA_CERTS',
    )
  }
  const sasl = saslOf(find)
  return {
    endpoints: endpointsOf(find('uri') ?? find('hive.metastore.uris')),
    useTls,
    sasl,
    user: find('ugi')?.split(':')[0] || signedInAs(sasl) || 'moraine',
    clients: integer(find, 'clients', 4, 1),
    callTimeoutMs: duration(find, 'hive.metastore.client.socket.timeout', 120_000),
    warehouse: (find('warehouse') ?? find('hive.metastore.warehouse.dir'))?.replace(/\/+$/, ''),
    isLockEnabled: flag(find, 'engine.hive.lock-enabled', flag(find, 'iceberg.engine.hive.lock-enabled', true)),
    isHiveEnabled: flag(find, 'engine.hive.enabled', flag(find, 'iceberg.engine.hive.enabled', false)),
    parameterLengthMax: integer(find, 'iceberg.hive.table-property-max-size', 32_672, 0),
    lock: {
      timeoutMs: integer(find, 'iceberg.hive.lock-timeout-ms', 180_000, 1),
      checkMinWaitMs: integer(find, 'iceberg.hive.lock-check-min-wait-ms', 50, 1),
      checkMaxWaitMs: integer(find, 'iceberg.hive.lock-check-max-wait-ms', 5_000, 1),
      // A metastore forgets a lock after hive.txn.timeout, five minutes unless set otherwise.
      heartbeatIntervalMs: integer(find, 'iceberg.hive.lock-heartbeat-interval-ms', 60_000, 1),
    },
  }
}

function endpointsOf(uris: string | undefined): readonly HiveEndpoint[] {
  const endpoints = (uris ?? '').split(',').flatMap((uri) => (uri.trim() === '' ? [] : [endpointOf(uri.trim())]))
  if (endpoints.length > 0) return endpoints
  throw new MoraineError('invalid-input', 'a Hive catalog needs the property uri, such as thrift://host:9083')
}

function endpointOf(uri: string): HiveEndpoint {
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') {
    throw new MoraineError('unsupported', `${url.origin}: a metastore is reached over thrift://, not over HTTP`)
  }
  if (url?.protocol !== 'thrift:' || url.hostname === '' || url.username !== '') {
    throw new MoraineError('invalid-input', 'uri of a Hive catalog: give thrift://host:port, several with commas')
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 9083 : Number(url.port) }
}

function saslOf(find: Find): HiveSettings['sasl'] {
  const token = find(TOKEN)
  if (token !== undefined && token !== '') return { token: parseHiveToken(token) }
  const mode = (find('hive.metastore.client.auth.mode') ?? 'NOSASL').toUpperCase()
  const isKerberos = [
    flag(find, 'hive.metastore.sasl.enabled', false),
    flag(find, 'hive.kerberos-authentication', false),
  ]
  if (mode === 'KERBEROS' || isKerberos.includes(true)) {
    throw new MoraineError(
      'unsupported',
      `Kerberos (SASL GSSAPI) to a metastore is not supported; give a delegation token of the metastore by ${TOKEN}, use PLAIN over TLS (hive.metastore.client.auth.mode), or a REST catalog in front of the metastore`,
    )
  }
  if (mode === 'NOSASL') return undefined
  if (mode !== 'PLAIN') {
    throw new MoraineError(
      'unsupported',
      `of hive.metastore.client.auth.mode NOSASL and PLAIN are supported, not ${mode}`,
    )
  }
  const user = find('hive.metastore.client.plain.username')
  const password = find('hive.metastore.client.plain.password')
  if (user !== undefined && password !== undefined) return { user, password }
  throw new MoraineError(
    'invalid-input',
    'hive.metastore.client.auth.mode PLAIN needs hive.metastore.client.plain.username and hive.metastore.client.plain.password',
  )
}

const TOKEN = 'hive.metastore.delegation-token'

/** The first part of a principal: those who own what is made go by it in Hive. */
function signedInAs(sasl: HiveSettings['sasl']): string | undefined {
  if (sasl === undefined) return undefined
  return 'token' in sasl ? sasl.token.owner.replace(/[/@].*$/s, '') : sasl.user
}

function flag(find: Find, key: string, fallback: boolean): boolean {
  const text = find(key)?.toLowerCase()
  if (text === undefined) return fallback
  if (text === 'true' || text === 'false') return text === 'true'
  throw new MoraineError('invalid-input', `${key} is "${text}"; set it to true or false`)
}

function integer(find: Find, key: string, fallback: number, least: number): number {
  const text = find(key)
  if (text === undefined) return fallback
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least) return value
  throw new MoraineError('invalid-input', `${key} is "${text}"; set it to an integer of at least ${least}`)
}

/** As Hive writes durations: seconds, or a number with a unit. */
function duration(find: Find, key: string, fallbackMs: number): number {
  const text = find(key)
  if (text === undefined) return fallbackMs
  const [, digits, unit = 's'] = /^(\d{1,12})\s*(ms|s|sec|m|min|h)?$/.exec(text) ?? []
  const factor = UNITS_MS[unit]
  if (digits !== undefined && factor !== undefined && Number(digits) > 0) return Number(digits) * factor
  throw new MoraineError('invalid-input', `${key} is "${text}"; set it to a duration such as 600s`)
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, sec: 1000, m: 60_000, min: 60_000, h: 3_600_000 }
