import type { CatalogSettingInfo } from '@moraine/api/rest/catalog-register-schemas'
import type { CatalogMeta, CatalogTypeEntry, ConnectionAnswer } from '@moraine/client/catalogs-api'
import { textTable } from './table-text.ts'

/** What `catalog list` prints. */
export function catalogsText(catalogs: readonly CatalogMeta[]): string {
  if (catalogs.length === 0) return 'no catalogs\n'
  const rows = catalogs.map(({ catalogName, catalogType, catalogProperties: properties }) => [
    catalogName,
    catalogType,
    properties['table-formats'] ?? '',
    [properties['uri'], properties['warehouse']].filter((each) => each !== undefined).join(', '),
  ])
  return `${textTable(['catalog', 'type', 'formats', 'where'], rows)}\n`
}

/** What `catalog show` prints; a secret is masked by the service. */
export function catalogText(catalog: CatalogSettingInfo): string {
  const { name, type, optimizerGroup, tableFormatList, secretsSet } = catalog
  const rows = (['properties', 'storageConfig', 'authConfig', 'tableProperties'] as const).flatMap((map) =>
    Object.entries(catalog[map]).flatMap(([key, value]) => {
      const text = typeof value === 'string' ? value : value.fileName
      return text === '' || SAYS_NOTHING.has(`${map}/${key}=${text}`) ? [] : [[`${map}/${key}`, text]]
    }),
  )
  const lines = [
    `${name} (${type}), tables in ${tableFormatList.join(', ')}, optimizer group ${optimizerGroup || 'default'}`,
    `secrets set  ${secretsSet.length === 0 ? 'none' : secretsSet.join(', ')}`,
    ...(rows.length === 0 ? [] : ['', textTable(['setting', 'value'], rows)]),
  ]
  return `${lines.join('\n')}\n`
}

/** Words that Amoro's forms have in any case, and that have no effect: a warehouse says by its address where it is. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(['storageConfig/storage.type=Hadoop', 'authConfig/auth.type=CUSTOM'])

/** What `catalog types` prints. */
export function metastoreTypesText(types: readonly CatalogTypeEntry[]): string {
  const rows = types.map(({ value, display, formats, storages, properties }) => [
    value,
    display,
    formats.join(', '),
    storages.join(', '),
    properties.required.map((key) => neededText(key, properties.elsewhere[key])).join(', '),
  ])
  const taken = types.flatMap(({ value, properties: { optional } }) =>
    optional.length === 0 ? [] : [`  ${value.padEnd(NAME_WIDTH)}  ${optional.join(', ')}`],
  )
  const [common = []] = types.map(({ properties }) => properties.common)
  const lines = [
    textTable(['type', 'name', 'formats', 'storage', 'required properties'], rows),
    '',
    'other properties, beside those of the storage:',
    ...taken,
    `  ${'every type'.padEnd(NAME_WIDTH)}  ${common.join(', ')}`,
  ]
  return `${lines.join('\n')}\n`
}

const NAME_WIDTH = 'every type'.length

function neededText(key: string, elsewhere: string | undefined): string {
  return elsewhere === undefined ? key : `${key} (or ${elsewhere})`
}

/** The steps of a test, each with what was seen or why it failed. */
export function connectionText({ steps }: ConnectionAnswer): string {
  const rows = steps.map(({ step, outcome, text, elapsedMs }) => [abilityOf(step), outcome, elapsedMs, text])
  return `${textTable(['step', 'outcome', 'ms', 'because'], rows)}\n`
}

/** What a step of the test shows. */
export function abilityOf(step: string): string {
  return ABILITIES[step] ?? step
}

const ABILITIES: Readonly<Record<string, string>> = {
  reach: 'can be reached',
  list: 'can list',
  read: 'can read',
  commit: 'can commit',
}
