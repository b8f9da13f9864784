import { decodeMetadataFile } from '@moraine/iceberg/metadata/metadata-file'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { parseViewMetadata } from '@moraine/iceberg/view/view-metadata-json'
import { asError, isKind } from '@moraine/stdx/error'
import { handOutMade } from './handed-out.ts'
import { commitUncertain } from './rest-error.ts'
import type { AnswerSubject, RestAnswer, RestCall } from './rest-route.ts'
import { answerWith } from './table-routes.ts'
import { answerWithView, viewsOf } from './view-routes.ts'

/**
 * The answer to a request that was made before: the table or view as it is now or, where that name is nobody's or another's
 * by now, as it was answered then.
 *
 * @throws {MoraineError} as `commitUncertain` makes it where that is gone, too, or nothing can be read now: what succeeded is not refused afterwards
 */
export async function answerAgain(call: RestCall, subject: AnswerSubject): Promise<RestAnswer> {
  if (subject.kind === 'view') {
    const view = await found(viewsOf(call).loadView(subject.identifier, call.signal))
    if (view !== undefined && isOf(subject, view.metadata.viewUuid)) return answerWithView(view)
    const { identifier, metadataLocation } = subject
    return answerWithView({ identifier, metadataLocation, metadata: parseViewMetadata(...(await kept(call, subject))) })
  }
  const table = await found(call.catalog.loadTable(subject.identifier, call.signal))
  if (table !== undefined && isOf(subject, table.metadata.tableUuid)) {
    return answerWith(table, 'all', await handOutMade(call, table))
  }
  // Without credentials: whoever may read it by its new name is told by that.
  const { identifier, metadataLocation } = subject
  const metadata = parseTableMetadata(...(await kept(call, subject)))
  return answerWith({ identifier, metadataLocation, metadata }, 'all')
}

function isOf({ uuid }: AnswerSubject, now: string | undefined): boolean {
  return uuid === undefined || uuid === now
}

async function found<Loaded>(loading: Promise<Loaded>): Promise<Loaded | undefined> {
  try {
    return await loading
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined
    throw commitUncertain(asError(error))
  }
}

/** The text of the metadata file as it was then, and where it is. */
async function kept(
  call: RestCall,
  { identifier, metadataLocation }: AnswerSubject,
): Promise<readonly [text: string, location: string]> {
  try {
    const bytes = await call.ioOf().read(metadataLocation, call.signal)
    return [decodeMetadataFile(bytes, metadataLocation), metadataLocation]
  } catch (cause) {
    const what = `it was, but ${identifier.name} has another name by now or is gone`
    throw commitUncertain(new Error(what, { cause }))
  }
}
