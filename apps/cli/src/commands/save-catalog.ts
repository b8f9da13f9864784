import type { CatalogUpdateInfo } from '@moraine/api/rest/catalog-register-schemas'
import { CATALOG_FILE_KEYS } from '@moraine/client/catalog-files'
import { type CatalogsApi, type ConnectionAnswer, catalogsApi } from '@moraine/client/catalogs-api'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { changedForm, type FormChange, newForm } from '../catalog/catalog-form.ts'
import { abilityOf, connectionText } from '../text/catalog-text.ts'
import type { CommandContext } from './command-context.ts'
import { keyValues, type ValueSources } from './key-values.ts'
import { apiConnection } from './server-access.ts'
import type { RawServerOptions } from './server-options.ts'

export type RawFormOptions = RawServerOptions & {
  readonly type?: string
  readonly group?: string
  readonly format?: readonly string[]
  readonly property?: readonly string[]
  readonly storage?: readonly string[]
  readonly auth?: readonly string[]
  readonly tableProperty?: readonly string[]
  readonly unset?: readonly string[]
  /** False with `--no-test`. */
  readonly test?: boolean
}

/** Registers a catalog that passes its test. */
export async function registerCatalog(name: string, raw: RawFormOptions, context: CommandContext): Promise<void> {
  const form = newForm(raw.type ?? '', await changeOf(raw, context.sources))
  const api = catalogsApi(apiConnection(raw, context))
  const report = raw.test === false ? undefined : await api.test(name, form, context.signal)
  await saveIfPassed({ name, saved: 'registered', report }, raw, context, () =>
    api.register(name, form, context.signal).catch(async (error: unknown) => {
      // Of one whose name differs in case the service says so.
      if (!isKind(error, 'already-exists') || !(await isRegistered(name, api, context.signal))) throw error
      throw new MoraineError(
        'already-exists',
        `there is a catalog '${name}' already; \`moraine catalog change ${name}\` changes it, or choose another name`,
      )
    }),
  )
}

async function isRegistered(name: string, api: CatalogsApi, signal: AbortSignal): Promise<boolean> {
  return (await api.list(signal)).some(({ catalogName }) => catalogName === name)
}

/** Changes what is named and leaves the rest, if the catalog then passes its test. */
export async function changeCatalog(name: string, raw: RawFormOptions, context: CommandContext): Promise<void> {
  const change = await changeOf(raw, context.sources)
  const api = catalogsApi(apiConnection(raw, context))
  const form = changedForm(await api.find(name, context.signal), change)
  const report = raw.test === false ? undefined : await api.test(name, form, context.signal)
  await saveIfPassed({ name, saved: 'changed', report }, raw, context, () => api.change(name, form, context.signal))
}

/** Tries a registered catalog, with changes if any are named, or one that is not registered. Saves nothing. */
export async function testCatalog(name: string, raw: RawFormOptions, context: CommandContext): Promise<void> {
  const change = await changeOf(raw, context.sources)
  const api = catalogsApi(apiConnection(raw, context))
  const report = await api.test(name, await formToTest(name, raw, change, api, context.signal), context.signal)
  if (raw.json === true) context.printJson({ catalog: name, test: report })
  else context.print(connectionText(report))
  warnOf(name, report, context)
  expectPassed(report, `catalog ${name} does not pass`)
}

async function formToTest(
  name: string,
  { type }: RawFormOptions,
  change: FormChange,
  api: CatalogsApi,
  signal: AbortSignal,
): Promise<CatalogUpdateInfo> {
  if (type !== undefined) return newForm(type, change)
  const current = await api.find(name, signal).catch((error: unknown) => {
    if (!isKind(error, 'not-found')) throw error
    throw new MoraineError('not-found', `${error.message}; with --type one that is not registered can be tried`)
  })
  return changedForm(current, change)
}

async function changeOf(raw: RawFormOptions, sources: ValueSources): Promise<FormChange> {
  const isFile = (key: string) => CATALOG_FILE_KEYS.has(key)
  const pairs = (name: string, example: string, given: readonly string[] = []) =>
    keyValues({ name, example, isFile }, given, sources)
  return {
    ...(raw.group !== undefined && { group: raw.group }),
    ...(raw.format !== undefined && { formats: raw.format }),
    properties: await pairs('--property', 'uri=https://host/catalog', raw.property),
    storageConfig: await pairs('--storage', 'storage.type=S3', raw.storage),
    authConfig: await pairs('--auth', 'auth.type=AK/SK', raw.auth),
    tableProperties: await pairs('--table-property', 'self-optimizing.quota=0.5', raw.tableProperty),
    unset: raw.unset ?? [],
  }
}

type Save = {
  readonly name: string
  readonly saved: 'registered' | 'changed'
  /** Absent if there was to be no test. */
  readonly report: ConnectionAnswer | undefined
}

async function saveIfPassed(
  { name, saved, report }: Save,
  { json }: RawFormOptions,
  context: CommandContext,
  save: () => Promise<void>,
): Promise<void> {
  if (report !== undefined && json !== true) context.print(connectionText(report))
  if (report !== undefined) warnOf(name, report, context)
  if (report?.passed !== false) await save()
  const outcome = report?.passed === false ? 'refused' : saved
  if (json === true) context.printJson({ catalog: name, outcome, test: report ?? null })
  if (report !== undefined) expectPassed(report, `catalog ${name} was not ${saved}`)
  if (json !== true) context.print(`catalog ${name} is ${saved}${report === undefined ? ', untested' : ''}\n`)
}

/** What does not fail the test, and is easily overlooked in a table. */
function warnOf(name: string, { steps }: ConnectionAnswer, context: CommandContext): void {
  for (const { warning } of steps) if (warning !== undefined) context.warn(`warning: catalog ${name}: ${warning}`)
}

function expectPassed({ steps }: ConnectionAnswer, what: string): void {
  const failed = steps.find(({ outcome }) => outcome === 'failed')
  if (failed === undefined) return
  // Not `invalid-input`: the command was in order. Nor `unavailable`: the service has answered.
  throw new MoraineError(
    'verification-failed',
    `${what}: its test failed at '${abilityOf(failed.step)}': ${failed.text}`,
  )
}
