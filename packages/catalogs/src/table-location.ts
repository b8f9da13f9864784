import { createHash } from 'node:crypto'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { Properties } from './properties.ts'
import type { Namespace, TableIdentifier } from './table-identifier.ts'

/**
 * Where a namespace's tables go: its `location` property or `<warehouse>/<namespace>`, without a trailing slash. The
 * levels of a namespace make one folder, `a.b`, so that no table lies inside the folder of another, whose maintenance
 * would take its files for orphans. No two namespaces have one folder, for whoever may write one may put tables in its folder:
 * where names had to be changed to serve as folders, it ends with a digest, after a sign that no name keeps.
 */
export function namespaceFolder(warehouse: string, namespace: Namespace, properties: Properties): string {
  return (configuredLocation(properties) ?? `${warehouse}/${usualName(namespace)}`).replace(/\/+$/, '')
}

function usualName(namespace: Namespace): string {
  const name = namespace.map(levelName).join('.')
  return isChanged(namespace) ? `${name}~${digestOf(namespace)}` : name
}

function isChanged(namespace: Namespace): boolean {
  return namespace.some((level) => levelName(level) !== level)
}

function digestOf(namespace: Namespace): string {
  return createHash('sha256').update(JSON.stringify(namespace)).digest('hex').slice(0, 16)
}

/**
 * Where a new table's files go: a folder of its own at its namespace's location. Where that holds files already, of a
 * table that was dropped or renamed, or where names had to be changed to serve as folders, it ends with random digits:
 * the files of two tables never mix.
 */
export async function newTableLocation(
  { warehouse, io, random }: { readonly warehouse: string; readonly io: FileIO; readonly random: Random },
  { namespace, name }: TableIdentifier,
  namespaceProperties: Properties,
  signal?: AbortSignal,
): Promise<string> {
  const location = `${namespaceFolder(warehouse, namespace, namespaceProperties)}/${folderName(name)}`
  const isConfigured = configuredLocation(namespaceProperties) !== undefined
  const changed = folderName(name) !== name || (!isConfigured && isChanged(namespace))
  if (!changed && (await isEmpty(io, location, signal))) return location
  return `${location}-${Buffer.from(random.bytes(4)).toString('hex')}`
}

/** Where the namespace's properties put its tables. */
export function configuredLocation(properties: Properties): string | undefined {
  return Object.hasOwn(properties, 'location') ? properties['location'] : undefined
}

/** Letters, digits and a few signs stay; locations with others are read differently by different engines. */
function folderName(name: string): string {
  return name.replace(/[^\p{L}\p{M}\p{N}_\-.=]/gu, '_').replace(/^\./, '_')
}

function levelName(level: string): string {
  return folderName(level).replaceAll('.', '_')
}

async function isEmpty(io: FileIO, location: string, signal: AbortSignal | undefined): Promise<boolean> {
  for await (const _ of io.list(`${location}/`, signal)) return false
  return true
}
