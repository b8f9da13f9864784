import type { CatalogSettingInfo, CatalogUpdateInfo } from '@moraine/api/rest/catalog-register-schemas'
import { CATALOG_FILE_KEYS } from '@moraine/client/catalog-files'
import { MoraineError } from '@moraine/stdx/error'

type Settings = Readonly<Record<string, string>>

/** What the command line says of a catalog of the service; what is absent stays as it is. */
export type FormChange = {
  readonly group?: string
  readonly formats?: readonly string[]
  readonly properties: Settings
  readonly storageConfig: Settings
  readonly authConfig: Settings
  readonly tableProperties: Settings
  /** As `catalog show` has them: `properties/token`. */
  readonly unset: readonly string[]
}

/** Only tables in this format are looked after, whatever Amoro's default of a type is. */
const FORMAT = 'ICEBERG'

/** The registration of a new catalog. */
export function newForm(type: string, change: FormChange): CatalogUpdateInfo {
  const { group, formats = [FORMAT], properties, storageConfig, authConfig, tableProperties } = change
  return {
    type,
    ...(group !== undefined && { optimizerGroup: group }),
    tableFormatList: [...formats],
    properties,
    storageConfig,
    authConfig,
    tableProperties,
  }
}

/**
 * A catalog as it is shown, with what is to be different. Secrets and files go back as they are shown, masked, by which the
 * service leaves them; an empty value takes one away. It is a change of this version of the catalog and no other.
 *
 * @throws {MoraineError} `invalid-input` for something to unset that is nowhere, `unsupported` for a file
 */
export function changedForm(current: CatalogSettingInfo, change: FormChange): CatalogUpdateInfo {
  const maps = {
    properties: { ...current.properties, ...change.properties },
    storageConfig: { ...current.storageConfig, ...change.storageConfig },
    authConfig: { ...current.authConfig, ...change.authConfig },
    tableProperties: { ...current.tableProperties, ...change.tableProperties },
  }
  for (const place of change.unset) {
    const slash = place.indexOf('/')
    const [map, key] = [MAPS.find((each) => each === place.slice(0, slash)), place.slice(slash + 1)]
    if (map === undefined || !Object.hasOwn(maps[map], key)) throw notSet(current.name, place, current)
    if (CATALOG_FILE_KEYS.has(key)) throw fileStays(current.name, place)
    maps[map][key] = ''
  }
  return {
    type: current.type,
    version: current.version,
    // Two words for one setting, of which the first counts.
    optimizerGroup: change.group ?? change.tableProperties['self-optimizing.group'] ?? current.optimizerGroup,
    tableFormatList: [...(change.formats ?? current.tableFormatList)],
    ...maps,
  }
}

const MAPS = ['properties', 'storageConfig', 'authConfig', 'tableProperties'] as const

function notSet(name: string, place: string, current: CatalogSettingInfo): MoraineError {
  const known = MAPS.flatMap((map) => Object.keys(current[map]).map((key) => `${map}/${key}`))
  return new MoraineError(
    'invalid-input',
    `--unset ${place}: catalog ${name} has no such setting; it has ${known.length === 0 ? 'none' : known.join(', ')}`,
  )
}

function fileStays(name: string, place: string): MoraineError {
  return new MoraineError(
    'unsupported',
    `--unset ${place}: a file can be replaced, not taken away; remove catalog ${name} and register it anew`,
  )
}
