import { isOutcomeUnknown, MoraineError } from '@moraine/stdx/error'
import { checkIdentifier, formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { encodeIdentifier } from './rest-json.ts'
import type { RestPaths } from './rest-path.ts'
import type { RestTransport } from './rest-transport.ts'
import { sendChange } from './send-change.ts'

type Renaming = { readonly send: RestTransport; readonly paths: RestPaths; readonly what: 'tables' | 'views' }

/** Renames a table or view. Its path names neither, and not every server's answer does: the messages of its errors do. */
export async function sendRename(
  { send, paths, what }: Renaming,
  from: TableIdentifier,
  to: TableIdentifier,
  signal?: AbortSignal,
): Promise<void> {
  for (const identifier of [from, to]) {
    checkIdentifier(identifier)
    paths.check(identifier.namespace)
  }
  const body = { source: encodeIdentifier(from), destination: encodeIdentifier(to) }
  const entity = what === 'tables' ? 'table' : 'view'
  const request = { method: 'POST', path: paths.rename(what), body } as const
  const subject = { entity, conflict: 'already-exists' } as const
  const renamed = { what: `${entity} ${formatIdentifier(from)}`, done: 'renamed', made: () => undefined }
  try {
    await sendChange({ send, request, subject, ...renamed }, signal)
  } catch (cause) {
    if (!(cause instanceof MoraineError) || isOutcomeUnknown(cause)) throw cause
    const message = `${formatIdentifier(from)} was not renamed to ${formatIdentifier(to)}: ${cause.message}`
    throw new MoraineError(cause.kind, message, { context: cause.context })
  }
}
