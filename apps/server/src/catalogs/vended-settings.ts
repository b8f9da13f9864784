import { isVendedCredential, storeOfCredential, type VendingStore } from '@moraine/catalogs/rest/vended-credential'
import { MoraineError } from '@moraine/stdx/error'
import type { StorageSettings } from '@moraine/storage/settings'

/**
 * Settings for the files of a table, of what was registered with its catalog and what the catalog says itself. As with
 * Iceberg's clients the catalog's word counts, but for a store for which it vends no credentials while some are
 * registered: these go where they were registered for, with the catalog's settings below. Tokens, unlike signatures, give
 * themselves away to whom they are sent: they take no settings of the catalog at all.
 *
 * @throws {MoraineError} `unsupported` if the catalog would sign requests, and there are no credentials
 */
export function vendedSettings(own: StorageSettings, told: StorageSettings): StorageSettings {
  const vends = storesWithCredentials(told)
  const owns = storesWithCredentials(own)
  const below: Record<string, string> = {}
  const above: Record<string, string> = {}
  for (const [name, value] of Object.entries(told)) {
    const store = storeOf(name)
    if (store === undefined || name === SIGNING) continue
    if (vends.has(store) || !owns.has(store)) above[name] = value
    else if (store === 's3') below[name] = value
  }
  if (told[SIGNING]?.toLowerCase() === 'true' && !vends.has('s3') && !owns.has('s3')) throw signingOnly()
  // Credentials are taken whole: a registered session token would not go with vended keys.
  const kept = Object.entries(own).filter(([name]) => {
    const store = name === SIGNING || isWayIn(name) ? 's3' : storeOfCredential(name)
    return store === undefined || !vends.has(store)
  })
  return { ...below, ...Object.fromEntries(kept), ...above }
}

const SIGNING = 's3.remote-signing-enabled'

function signingOnly(): MoraineError {
  return new MoraineError(
    'unsupported',
    'the catalog signs requests for its clients (s3.remote-signing-enabled) and vends no credentials, which the service needs: have the catalog vend credentials, or register s3.access-key-id and s3.secret-access-key',
  )
}

function storesWithCredentials(settings: StorageSettings): ReadonlySet<VendingStore> {
  return new Set(
    Object.keys(settings).flatMap((name) => {
      const store = isWayIn(name) ? 's3' : storeOfCredential(name)
      return store === undefined ? [] : [store]
    }),
  )
}

/** How S3 is signed in to without keys. */
function isWayIn(name: string): boolean {
  return name.startsWith('client.assume-role.') || name === 's3.anonymous'
}

/** Of the settings that a catalog may say; it has no word on others, such as whose role is taken on. */
function storeOf(name: string): VendingStore | undefined {
  if (isVendedCredential(name)) return storeOfCredential(name)
  if (name === 'client.region') return 's3'
  return /^(s3|gcs|adls|oss)\./.exec(name)?.[1] as VendingStore | undefined
}
