import type { DroppedPointers } from '@moraine/catalogs/internal/dropped-pointers'
import type { TablePointers } from '@moraine/catalogs/internal/table-pointers'
import { oneAtATime } from '@moraine/catalogs/one-at-a-time'
import { connectionProperties, tableDefaults } from '@moraine/management/catalogs/catalog-connection'
import {
  type CatalogForm,
  catalogOfForm,
  checkCatalog,
  formOfCatalog,
  type PlainCatalog,
} from '@moraine/management/catalogs/catalog-form'
import type {
  CatalogMap,
  CatalogMapName,
  CatalogStore,
  ManagedCatalog,
  StoredCatalog,
} from '@moraine/management/catalogs/managed-catalog'
import { propertiesText } from '@moraine/management/catalogs/properties-text'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { SecretVault } from '../secrets/secret-vault.ts'
import { entryOf, MASK, maskCatalog, redact, sealCatalog, unsealCatalog } from './catalog-secrets.ts'
import { checkAddresses } from './check-addresses.ts'
import { checkCatalogValues } from './check-catalog-values.ts'
import { accessDelegation } from './delegation/access-delegation.ts'
import { noSuchCatalog } from './no-such-catalog.ts'
import { KEPT_COUNTED, stillKeeps } from './still-keeps.ts'
import type { ConnectionReport } from './test-connection.ts'

export type SaveOptions = {
  /** Whether the connection has to pass its test first. */
  readonly test: boolean
  /** Ends the wait and the test, and nothing is saved; a save that has begun is made. */
  readonly signal?: AbortSignal
  /** That the change was made from; whatever it is now if absent. */
  readonly version?: number
}

/** The catalogs of the service, as they are registered, changed and removed. No answer has a secret in it. */
export interface CatalogRegistry {
  /** @throws {MoraineError} `already-exists`; `invalid-input` or `unsupported` naming the field and the remedy */
  register(name: string, form: CatalogForm, options: SaveOptions): Promise<void>
  /**
   * A secret that is absent or masked stays as it was; an empty one is removed.
   *
   * @param judge refuses, by throwing, the change of what is registered then: nobody else changes it in between
   */
  update(
    name: string,
    form: CatalogForm,
    options: SaveOptions,
    judge?: (before: CatalogDescription) => void,
  ): Promise<void>
  /** Tables of the catalog leave management; nothing changes in the catalog itself. */
  remove(name: string): Promise<void>
  /** Why it cannot be removed; `undefined` if it can. */
  findObstacle(name: string): Promise<string | undefined>
  describe(name: string): Promise<CatalogDescription>
  /** With the secrets of the registered catalog of that name where the form has none. */
  test(name: string, form: CatalogForm, signal?: AbortSignal): Promise<ConnectionReport>
}

export type CatalogDescription = Required<CatalogForm> & {
  readonly name: string
  /** Of the registration; a change that names it is made only from it. */
  readonly version: number
  /** Which secrets are set: `properties/token`. */
  readonly secretsSet: readonly string[]
}

export type CatalogChange = {
  /** Tables that do not say otherwise have other properties now. */
  readonly hasOtherDefaults: boolean
}

export type CatalogRegistryDeps = {
  readonly store: CatalogStore
  readonly vault: SecretVault
  readonly pointers: Pick<TablePointers, 'listNamespaces'>
  readonly drops: Pick<DroppedPointers, 'listDropped'>
  readonly clock: Pick<Clock, 'now'>
  /** The catalog that every start of the service makes. */
  readonly ownCatalog: string
  /** @throws {MoraineError} `aborted` by the signal */
  testConnection(catalog: PlainCatalog, signal: AbortSignal | undefined): Promise<ConnectionReport>
  /** What the settings of a catalog alone tell: of those that are saved untested. */
  findWarnings(catalog: PlainCatalog): Promise<readonly string[]>
  /** Told of what is probably not as it was meant, once the catalog is stored nevertheless. */
  onWarning(catalog: string, warning: string): void
  /** Told after the catalog is stored, or gone. */
  onChanged(catalog: string, change: CatalogChange): void
}

export function catalogRegistry(deps: CatalogRegistryDeps): CatalogRegistry {
  const { store, onChanged } = deps
  const turns = oneAtATime()
  const inTurn = <Result>(name: string, work: () => Promise<Result>, signal?: AbortSignal) =>
    turns(name.toLowerCase(), work, signal)
  const save = async (name: string, form: CatalogForm, before: StoredCatalog | undefined, options: SaveOptions) => {
    const { catalog, warnings } = await checkedCatalog(name, form, before, options, deps)
    if (before === undefined) expectNew(name, await store.addCatalog(catalog))
    else if (!(await store.swapCatalog(before.version, catalog))) throw changedMeanwhile(name)
    const defaults = [before, catalog].map((each) => propertiesText(each === undefined ? {} : tableDefaults(each)))
    onChanged(name, { hasOtherDefaults: before !== undefined && defaults[0] !== defaults[1] })
    for (const warning of warnings) deps.onWarning(name, warning)
  }
  return {
    register(name, form, options) {
      const work = async () => {
        // Before it is tested, which may take a while.
        expectNew(name, await nameInTheWay(name, store))
        await save(name, form, undefined, options)
      }
      return inTurn(name, work, options.signal)
    },
    update(name, form, options, judge) {
      const work = async () => {
        const before = await findOrFail(store, name)
        if (options.version !== undefined && options.version !== before.version) throw changedMeanwhile(name)
        judge?.(describe(before))
        await save(name, form, before, options)
      }
      return inTurn(name, work, options.signal)
    },
    remove: (name) =>
      inTurn(name, async () => {
        const found = await findOrFail(store, name)
        const obstacle = await obstacleOf(found, deps)
        if (obstacle !== undefined) throw new MoraineError('conflict', obstacle)
        const only = { version: found.version, isEmpty: found.type === 'ams' }
        const outcome = await store.removeCatalog(name, only)
        if (outcome === 'absent') throw noSuchCatalog(name)
        if (outcome === 'changed' || outcome === 'not-empty') throw changedMeanwhile(name)
        onChanged(name, { hasOtherDefaults: false })
      }),
    findObstacle: async (name) => obstacleOf(await findOrFail(store, name), deps),
    describe: async (name) => describe(await findOrFail(store, name)),
    test: async (name, form, signal) => {
      const { plain } = merge(name, form, await store.findCatalog(name), deps.vault)
      checkSafely(plain)
      return deps.testConnection(plain, signal)
    },
  }
}

/** Names are told apart by case, but no two may differ in nothing else: engines and databases fold them. */
async function nameInTheWay(name: string, store: CatalogStore): Promise<string | undefined> {
  return (await store.listCatalogs()).find((each) => each.name.toLowerCase() === name.toLowerCase())?.name
}

function expectNew(name: string, taken: string | undefined): void {
  if (taken === undefined) return
  const remedy =
    taken === name ? 'change it by PUT, or choose another name' : 'choose a name that differs in more than case'
  throw new MoraineError('already-exists', `there is a catalog '${taken}' already; ${remedy}`)
}

function changedMeanwhile(name: string): MoraineError {
  return new MoraineError(
    'conflict',
    `catalog '${name}' was changed by somebody else meanwhile; look at it as it is now, and ask again`,
  )
}

async function checkedCatalog(
  name: string,
  form: CatalogForm,
  before: ManagedCatalog | undefined,
  { test, signal }: SaveOptions,
  deps: CatalogRegistryDeps,
): Promise<{ readonly catalog: ManagedCatalog; readonly warnings: readonly string[] }> {
  const { plain, kept } = merge(name, form, before, deps.vault)
  checkSafely(plain)
  const report = test ? await deps.testConnection(plain, signal) : undefined
  if (report !== undefined) expectPassed(report)
  const sealed = sealCatalog(plain, deps.vault)
  // What was not given anew stays sealed as it was.
  const catalog = { ...sealed, sealedSecrets: { ...sealed.sealedSecrets, ...kept } }
  const seen = report?.steps.flatMap(({ warning }) => warning ?? []) ?? (await deps.findWarnings(plain))
  return { catalog, warnings: seen.map((warning) => redact(warning, plain)) }
}

type Merged = { readonly plain: PlainCatalog; readonly kept: Readonly<Record<string, string>> }

/** The catalog of the form, with the secrets it leaves as they were. */
function merge(name: string, form: CatalogForm, before: ManagedCatalog | undefined, vault: SecretVault): Merged {
  if (before !== undefined && before.type !== form.type) {
    throw new MoraineError(
      'invalid-input',
      `type: catalog '${name}' is of type ${before.type}, which cannot change to ${form.type}; remove it and register it anew`,
    )
  }
  const fresh = catalogOfForm(name, before === undefined ? form : withKinds(form, before))
  const kept: Record<string, string> = {}
  const maps: Record<CatalogMapName, Record<string, string>> = {
    properties: { ...fresh.properties },
    storageConfig: { ...fresh.storageConfig },
    authConfig: { ...fresh.authConfig },
  }
  for (const [place, sealed] of Object.entries(before?.sealedSecrets ?? {})) {
    const { map, key } = entryOf(place)
    const given = givenValue(form, map, key)
    if (given !== MASK && (given !== undefined || !keepsOmitted(map, fresh, before))) continue
    kept[place] = sealed
    delete maps[map][key]
  }
  for (const [map, values] of Object.entries(maps)) {
    const masked = Object.entries(values).find(([, value]) => value === MASK)
    if (masked === undefined) continue
    throw new MoraineError(
      'invalid-input',
      `${map}.${masked[0]} is the mask of a secret that is not set; give its value`,
    )
  }
  if (before !== undefined && Object.keys(kept).length > 0) checkSameAddresses(maps, before)
  const settings = { name, type: fresh.type, ...maps }
  checkAddresses(settings)
  return { plain: unsealCatalog({ ...settings, sealedSecrets: kept }, vault), kept }
}

/** Secrets that were given for one place are not sent to another, nor handed out on other terms. */
function checkSameAddresses(maps: Readonly<Record<CatalogMapName, CatalogMap>>, before: ManagedCatalog): void {
  for (const [map, values] of Object.entries(maps) as [CatalogMapName, CatalogMap][]) {
    const earlier = before[map] ?? {}
    const keys = new Set([...Object.keys(values), ...Object.keys(earlier)].filter((key) => ADDRESS.test(key)))
    const changed = [...keys].find((key) => values[key] !== earlier[key] && isAddress(key, values[key]))
    if (changed === undefined) continue
    throw new MoraineError(
      'invalid-input',
      `${map}.${changed} changes where the secrets of catalog '${before.name}' are sent: give them again with it`,
    )
  }
}

/** By their names; whole files of settings have addresses in them. */
const ADDRESS =
  /(^|[.-])(uri|url|uris|endpoint|host|site)$|^(dfs|access-delegation)\.|^(access-delegation|catalog-impl|fs\.defaultFS|warehouse)$/i

/** A warehouse in an object store names a bucket, one in HDFS the server that gets the token. */
function isAddress(key: string, value: string | undefined): boolean {
  return key !== 'warehouse' || (value !== undefined && /^(hdfs|s?webhdfs):/i.test(value))
}

/** A form that does not say how to sign in, or where files are, leaves that as it was. */
function withKinds(form: CatalogForm, before: ManagedCatalog): CatalogForm {
  const auth = before.authConfig?.['auth.type']
  const storage = before.storageConfig?.['storage.type']
  return {
    ...form,
    authConfig: { ...(auth !== undefined && { 'auth.type': auth }), ...form.authConfig },
    storageConfig: { ...(storage !== undefined && { 'storage.type': storage }), ...form.storageConfig },
  }
}

function givenValue(form: CatalogForm, map: CatalogMapName, key: string): string | undefined {
  const own = form[map]?.[key]
  return map === 'properties' && key.startsWith('table.') ? (form.tableProperties?.[key.slice(6)] ?? own) : own
}

/** The secrets of another way to sign in, or of another kind of storage, are not of use any more. */
function keepsOmitted(map: CatalogMapName, fresh: PlainCatalog, before: ManagedCatalog | undefined): boolean {
  if (map === 'authConfig') return fresh.authConfig['auth.type'] === before?.authConfig?.['auth.type']
  if (map === 'storageConfig') return fresh.storageConfig['storage.type'] === before?.storageConfig?.['storage.type']
  return true
}

function checkSafely(plain: PlainCatalog): void {
  try {
    checkCatalog(plain)
    checkCatalogValues(plain)
    accessDelegation(connectionProperties(plain), plain.type)
  } catch (error) {
    if (!(error instanceof MoraineError)) throw error
    throw new MoraineError(error.kind, redact(error.message, plain))
  }
}

function expectPassed({ steps }: ConnectionReport): void {
  const failed = steps.find(({ outcome }) => outcome === 'failed')
  if (failed === undefined) return
  throw new MoraineError(
    'invalid-input',
    `the catalog was not saved: its test failed at '${failed.step}': ${failed.text}`,
  )
}

async function obstacleOf({ name, type }: ManagedCatalog, deps: CatalogRegistryDeps): Promise<string | undefined> {
  if (name === deps.ownCatalog) return `catalog '${name}' is the service's own, which every start makes again`
  if (type !== 'ams') return undefined
  const [database] = await deps.pointers.listNamespaces(name, [], { limit: 1 })
  if (database !== undefined) {
    return `catalog '${name}' is kept by this service and has the database '${database.join('.')}'; drop its tables and databases first`
  }
  const kept = await deps.drops.listDropped(name, { offset: 0, limit: KEPT_COUNTED })
  return kept.length === 0 ? undefined : stillKeeps(name, kept, deps.clock.now())
}

function describe(catalog: StoredCatalog): CatalogDescription {
  const { name, type, version } = catalog
  const secretsSet = Object.keys(catalog.sealedSecrets ?? {}).sort()
  return { name, version, ...formOfCatalog({ name, type, ...maskCatalog(catalog) }), secretsSet }
}

async function findOrFail(store: CatalogStore, name: string): Promise<StoredCatalog> {
  const found = await store.findCatalog(name)
  if (found !== undefined) return found
  throw noSuchCatalog(name)
}
