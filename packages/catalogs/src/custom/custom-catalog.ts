import { registerHooks } from 'node:module'
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
  /** Aborts when nobody waits for the catalog any more; it says nothing once the catalog is open. */
  readonly signal?: AbortSignal
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
    throw new MoraineError(
      'invalid-input',
      `the module ${specifier} of catalog ${name} exports no openCatalog; ${ONCE}`,
    )
  }
  const catalog: unknown = await open(context)
  const missing = METHODS.filter((method) => !hasMethod(catalog, method))
  if (missing.length > 0) {
    throw new MoraineError(
      'invalid-input',
      `what the module ${specifier} of catalog ${name} opens is no catalog: it has no ${missing.join(', ')}; ${ONCE}`,
    )
  }
  // It was held to every method of the port just now.
  return { ...boundPort(catalog as Catalog), name }
}

/**
 * The catalog as an object whose methods are its own and know what they belong to, so that it can be spread: those of a
 * class are on its prototype, and ask `this`.
 */
function boundPort(catalog: Catalog): Catalog {
  const members = PORT_MEMBERS.flatMap(([key, kind]) => {
    const member: unknown = Reflect.get(catalog, key)
    if (typeof member === 'function') return [[key, member.bind(catalog)]]
    return kind === 'part' && typeof member === 'object' && member !== null ? [[key, boundPart(member)]] : []
  })
  // Every member of the port is in it that was in the catalog.
  return Object.fromEntries(members) as Catalog
}

function boundPart(part: object): object {
  const bound: Record<string, unknown> = {}
  for (let owner: object = part; owner !== Object.prototype; owner = Object.getPrototypeOf(owner) ?? Object.prototype) {
    for (const key of Object.getOwnPropertyNames(owner)) {
      const member: unknown = key in bound ? undefined : Reflect.get(part, key)
      if (typeof member === 'function' && key !== 'constructor') bound[key] = member.bind(part)
    }
  }
  return bound
}

async function load(name: string, specifier: string): Promise<object> {
  // Text of the setting itself must not be run: `data:` and the like.
  if (!isAbsolute(specifier) && /^(?!file:)[a-z][a-z0-9+.-]*:/i.test(specifier)) {
    throw new MoraineError(
      'invalid-input',
      `the module of catalog ${name} is no absolute path, file: URL or name of a package: ${specifier.slice(0, 40)}`,
    )
  }
  findOwnPackages()
  try {
    const loaded: unknown = await import(isAbsolute(specifier) ? pathToFileURL(specifier).href : specifier)
    return typeof loaded === 'object' && loaded !== null ? loaded : {}
  } catch (cause) {
    throw new MoraineError('invalid-input', `the module ${specifier} of catalog ${name} cannot be loaded; ${ONCE}`, {
      cause,
    })
  }
}

let findsOwnPackages = false

/**
 * From now on modules find the packages of this program by their names, wherever they lie: those that are found by no
 * other way are looked for from here.
 */
function findOwnPackages(): void {
  if (findsOwnPackages) return
  findsOwnPackages = true
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context)
      } catch (error) {
        const isLacking = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
        if (!isLacking || !specifier.startsWith('@moraine/') || context.parentURL === import.meta.url) throw error
        return next(specifier, { ...context, parentURL: import.meta.url })
      }
    },
  })
}

/** Node keeps what a module was when it was first imported, its failure too. */
const ONCE = 'a module is loaded once: restart the service after it was corrected, or give it another path'

function hasMethod(value: unknown, method: string): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'
}

/** Each member of the port, so that none is forgotten. */
const PORT = {
  name: 'name',
  loadTable: 'method',
  findMetadataLocation: 'method',
  commitTable: 'method',
  listNamespaces: 'method',
  createNamespace: 'method',
  dropNamespace: 'method',
  loadNamespace: 'method',
  updateNamespace: 'method',
  listTables: 'method',
  createTable: 'method',
  stageTable: 'method',
  registerTable: 'method',
  dropTable: 'method',
  renameTable: 'method',
  loadStorage: 'optional method',
  commitTables: 'optional method',
  overwriteTable: 'optional method',
  purgeTable: 'optional method',
  probeCommit: 'optional method',
  explainEmpty: 'optional method',
  close: 'optional method',
  views: 'part',
  dropped: 'part',
} as const satisfies Record<keyof Catalog, 'name' | 'method' | 'optional method' | 'part'>

const PORT_MEMBERS = Object.entries(PORT).filter(([, kind]) => kind !== 'name')
const METHODS = PORT_MEMBERS.filter(([, kind]) => kind === 'method').map(([key]) => key)
