import { MoraineError } from '@moraine/stdx/error'
import { checkIdentifier, formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { expectSuccess } from './rest-answer.ts'
import { encodeIdentifier } from './rest-json.ts'
import type { RestPaths } from './rest-path.ts'
import type { RestTransport } from './rest-transport.ts'

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
  const response = await send({ method: 'POST', path: paths.rename(what), body }, signal)
  try {
    expectSuccess(response, { entity: what === 'tables' ? 'table' : 'view', conflict: 'already-exists' })
  } catch (cause) {
    if (!(cause instanceof MoraineError)) throw cause
    const message = `${formatIdentifier(from)} was not renamed to ${formatIdentifier(to)}: ${cause.message}`
    throw new MoraineError(cause.kind, message, { context: cause.context })
  }
}
