import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { Catalog } from '../catalog.ts'

/** What the module is given. It logs nothing of the properties, which may hold credentials. */
export type CustomCatalogContext = {
  readonly name: string
  readonly properties: Readonly<Record<string, string>>
  /** Where the catalog's storage properties lead. */
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
}

/**
 * A catalog of somebody else's making: the property `catalog-impl` names a module, by an absolute path, a `file:` URL or
 * the name of an installed package, which exports `openCatalog(context: CustomCatalogContext): Catalog | Promise<Catalog>`.
 *
 * @throws {MoraineError} `invalid-input` that names the module if it is not there or exports no such thing
 */
export async function openCustomCatalog(context: CustomCatalogContext): Promise<Catalog> {
  const { name, properties } = context
  const specifier = properties['catalog-impl']
  if (specifier === undefined || specifier === '') {
    throw new MoraineError('invalid-input', `catalog ${name} is custom: name its module with the property catalog-impl`)
  }
  const exported = await load(name, specifier)
  const open = 'openCatalog' in exported ? exported.openCatalog : undefined
  if (typeof open !== 'function') {
    throw new MoraineError('invalid-input', `the module ${specifier} of catalog ${name} exports no openCatalog`)
  }
  const catalog: unknown = await open(context)
  const missing = METHODS.filter((method) => !hasMethod(catalog, method))
  if (missing.length > 0) {
    throw new MoraineError(
      'invalid-input',
      `what the module ${specifier} of catalog ${name} opens is no catalog: it has no ${missing.join(', ')}`,
    )
  }
  // It was held to every method of the port just now.
  return { ...(catalog as Catalog), name }
}

async function load(name: string, specifier: string): Promise<object> {
  // Text of the setting itself must not be run: `data:` and the like.
  if (!isAbsolute(specifier) && /^(?!file:)[a-z][a-z0-9+.-]*:/i.test(specifier)) {
    throw new MoraineError(
      'invalid-input',
      `the module of catalog ${name} is no absolute path, file: URL or name of a package: ${specifier.slice(0, 40)}`,
    )
  }
  try {
    const loaded: unknown = await import(isAbsolute(specifier) ? pathToFileURL(specifier).href : specifier)
    return typeof loaded === 'object' && loaded !== null ? loaded : {}
  } catch (cause) {
    throw new MoraineError('invalid-input', `the module ${specifier} of catalog ${name} cannot be loaded`, { cause })
  }
}

function hasMethod(value: unknown, method: string): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'
}

const METHODS = [
  'loadTable',
  'findMetadataLocation',
  'commitTable',
  'listNamespaces',
  'createNamespace',
  'dropNamespace',
  'loadNamespace',
  'updateNamespace',
  'listTables',
  'createTable',
  'stageTable',
  'registerTable',
  'dropTable',
  'renameTable',
] as const satisfies readonly (keyof Catalog)[]
