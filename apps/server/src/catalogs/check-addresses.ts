import { CATALOG_FILES, type PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import { CATALOG_MAPS, type CatalogType } from '@moraine/management/catalogs/managed-catalog'
import { hasAddressSecrets } from '@moraine/stdx/address-for-messages'
import { MoraineError } from '@moraine/stdx/error'
import { isSecretName } from './catalog-secrets.ts'

/**
 * Refuses addresses that say who signs in: addresses go into messages and file names, and sooner or later to who must not
 * read a password.
 *
 * @throws {MoraineError} `invalid-input` naming the field and what to give in place of it
 */
export function checkAddresses(
  catalog: Pick<PlainCatalog, 'type' | 'properties' | 'storageConfig' | 'authConfig'>,
): void {
  for (const map of CATALOG_MAPS) {
    for (const [key, value] of Object.entries(catalog[map])) {
      if (isSecretName(key) || key in CATALOG_FILES || !ADDRESS.test(value) || !hasAddressSecrets(value)) continue
      throw new MoraineError(
        'invalid-input',
        `${map}.${key} is an address with a user, a password or a key in it: leave them out there, and give ${remedyOf(catalog.type, key)}`,
      )
    }
  }
}

const ADDRESS = /^\s*[a-z][a-z0-9+.:-]*:\/*\S*\s*$/i

function remedyOf(type: CatalogType, key: string): string {
  if (/^(s3|glue|oss)\.|^warehouse$/.test(key)) {
    return 'the keys of the storage by authConfig, or as properties (s3.access-key-id and s3.secret-access-key, hdfs.user)'
  }
  if (type === 'jdbc') return 'the properties jdbc.user and jdbc.password, others as jdbc.PARAMETER'
  if (type === 'rest') {
    return 'the property token, or credential, or rest.auth.type=basic with rest.auth.basic.username and .password, or header.NAME'
  }
  return 'them as properties of their own'
}
