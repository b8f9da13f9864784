import type { EpochMs } from '@moraine/stdx/brand'

/** The stores for which catalogs vend credentials, by how the names of their settings begin. */
export type VendingStore = 's3' | 'gcs' | 'adls' | 'oss'

/** Whether a setting of storage, by the name that Iceberg's clients give it, is a credential, or says how long one lasts. */
export function isVendedCredential(name: string): boolean {
  return storeOfCredential(name) !== undefined
}

/** Whose credential a setting is; `undefined` for one that is none. */
export function storeOfCredential(name: string): VendingStore | undefined {
  return STORES.find(([, pattern]) => pattern.test(name))?.[0]
}

const STORES: readonly (readonly [VendingStore, RegExp])[] = [
  ['s3', /^s3\.(access-key-id|secret-access-key|session-token|session-token-expires-at-ms)$/],
  ['gcs', /^gcs\.oauth2\.token(-expires-at)?$/],
  ['adls', /^adls\.(sas-token(-expires-at-ms)?(\..+)?|auth\.shared-key\.account\.key|account-key|token)$/],
  ['oss', /^client\.(access-key-id|access-key-secret|security-token)$/],
]

/** When the first of the credentials ends, if they say so. */
export function endOfCredentials(properties: Readonly<Record<string, string>>): EpochMs | undefined {
  const ends = Object.entries(properties).flatMap(([name, value]) =>
    EXPIRY.test(name) && /^\d{1,15}$/.test(value) ? [Number(value)] : [],
  )
  return ends.length === 0 ? undefined : (Math.min(...ends) as EpochMs)
}

const EXPIRY = /^(s3\.session-token-expires-at-ms|gcs\.oauth2\.token-expires-at|adls\.sas-token-expires-at-ms\..+)$/
