import { type CatalogForm, catalogOfForm, formOfCatalog } from '@moraine/management/catalogs/catalog-form'
import { CATALOG_MAPS, secretName } from '@moraine/management/catalogs/managed-catalog'
import { MoraineError } from '@moraine/stdx/error'
import type { CatalogDescription } from '../../catalogs/catalog-registry.ts'
import { MASK } from '../../catalogs/catalog-secrets.ts'

/**
 * Refuses a form that changes how a catalog is reached, or what of it is handed out: for those who manage this catalog and not
 * the service. What the service has besides the catalog's secrets, its role in the cloud, its files and its network, opens
 * more than one catalog; whoever may choose where it is used may use it.
 *
 * Its group, its filters and the properties of its tables are theirs to change.
 *
 * @throws {MoraineError} `permission` naming the field
 */
export function refuseNewConnection(form: CatalogForm, before: CatalogDescription): void {
  if (form.type !== before.type) throw refusal('type', before.name)
  const asShown = formOfCatalog(catalogOfForm(before.name, withKinds(form, before)))
  for (const map of CATALOG_MAPS) {
    const [given, known] = [asShown[map], before[map]]
    for (const key of new Set([...Object.keys(given), ...Object.keys(known)])) {
      // A secret that is left out, or sent as it is shown, stays; an empty one would be removed.
      const sent = form[map]?.[key]
      const isKept = before.secretsSet.includes(secretName(map, key)) && (sent === undefined || sent === MASK)
      const isSame = given[key] === known[key]
      if (!isKept && !isSame && !(map === 'properties' && isHarmless(key))) throw refusal(`${map}.${key}`, before.name)
    }
  }
}

/** What a form does not say of these stays as it was. */
function withKinds(form: CatalogForm, { authConfig, storageConfig }: CatalogDescription): CatalogForm {
  const pick = (map: Readonly<Record<string, string>>, key: string) =>
    map[key] === undefined ? {} : { [key]: map[key] }
  return {
    ...form,
    authConfig: { ...pick(authConfig, 'auth.type'), ...form.authConfig },
    storageConfig: { ...pick(storageConfig, 'storage.type'), ...form.storageConfig },
  }
}

function isHarmless(key: string): boolean {
  return key === 'database-filter' || key === 'table-filter' || key.startsWith('table.')
}

function refusal(field: string, catalog: string): MoraineError {
  return new MoraineError(
    'permission',
    `${field}: how catalog '${catalog}' is reached is for those to change who manage all catalogs; leave it as it is`,
  )
}
