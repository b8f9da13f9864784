import type { DroppedEntry } from '@moraine/client/catalogs-api'
import { formatName } from './name-text.ts'

/** What `table dropped` prints of each. A time that has come is no time to wait for: it is due. */
export function droppedText(dropped: DroppedEntry, round: string): string {
  const { namespace, name, kind, dropId, droppedAt, purgeAt, purgesFiles, isDue } = dropped
  const [began, ends] = [droppedAt, purgeAt].map((at) => new Date(at).toISOString())
  const what = purgesFiles ? 'purged with its files' : 'forgotten'
  const end = isDue
    ? `due: ${what} within ${round}, or the log says why not`
    : `${what} at ${ends}, or within ${round} of it`
  return `${formatName([...namespace, name])}  ${kind} ${dropId}, dropped at ${began}, ${end}`
}
