import { checkAborted } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { isKind, isRetryable, MoraineError } from '@moraine/stdx/error'
import type { WriteOutcome } from './file-io.ts'
import type { HttpAnswer } from './http-exchange.ts'
import { askNameNode, deleteFile, exceptionOf, saysTrue, type WebHdfsClient } from './webhdfs-client.ts'
import { findWebHdfsStatus } from './webhdfs-status.ts'

export type WebHdfsPublication = {
  readonly client: WebHdfsClient
  /** A complete file, under a name that nobody else uses. */
  readonly temporary: string
  readonly path: string
  readonly createOnly: boolean
  readonly doing: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Gives a finished file its name, in one step of the name node, by a rename that replaces nothing or by one that does.
 * `temporary` is gone afterwards.
 *
 * A rename whose answer is lost is settled by removing `temporary`: if it was still there, the file was not renamed and
 * never will be; if not, it was. Where that cannot be asked either, the error stays, and the write may have happened.
 */
export async function publishWebHdfsFile(publication: WebHdfsPublication): Promise<WriteOutcome> {
  const { client, temporary, doing, signal } = publication
  try {
    return await renameFile(publication)
  } catch (error) {
    checkAborted(signal, doing)
    if (!isRetryable(error) || exceptionOf(error) !== '') throw error
    if ((await deleteFile(client, temporary, doing, signal)) === 'absent') return 'written'
    throw error
  }
}

/** Removes a file that came to nothing; whatever goes wrong must not hide why. What stays is hidden from listings. */
export async function discardWebHdfsFile(client: WebHdfsClient, path: string, clock: Clock): Promise<void> {
  const what = `removing ${path}`
  await withinDeadline(clock, { ms: DISCARD_MS, what }, (signal) => deleteFile(client, path, what, signal)).catch(
    () => {},
  )
}

const DISCARD_MS = 10_000

async function renameFile(publication: WebHdfsPublication): Promise<WriteOutcome> {
  const { client, temporary, createOnly, doing, signal } = publication
  let answer: HttpAnswer
  try {
    answer = await rename(publication)
  } catch (error) {
    if (createOnly && isKind(error, 'already-exists')) {
      await deleteFile(client, temporary, doing, signal)
      return 'exists'
    }
    if (exceptionOf(error) === 'IOException') await refuseDirectory(publication)
    if (!isKind(error, 'not-found')) throw error
    // A gateway that asked twice gets this for a rename that was made.
    throw new MoraineError('unavailable', `${doing} ended without a known outcome: what was to be renamed is gone`, {
      cause: error,
      context: { exception: exceptionOf(error) },
    })
  }
  return answer.body.length === 0 ? 'written' : settlePlainRename(publication, answer)
}

function rename({ client, temporary, path, createOnly, doing, signal }: WebHdfsPublication): Promise<HttpAnswer> {
  const parameters = [
    ['destination', path],
    ['renameoptions', createOnly ? 'NONE' : 'OVERWRITE'],
  ] as const
  return askNameNode(client, { method: 'PUT', operation: 'RENAME', path: temporary, parameters, doing, signal })
}

/**
 * HttpFS knows no options of a rename: it answers whether it renamed, does not replace, and takes a directory for the
 * place to put the file in. What is to be replaced is removed first, so that for a moment there is none.
 */
async function settlePlainRename(publication: WebHdfsPublication, answer: HttpAnswer): Promise<WriteOutcome> {
  const { client, temporary, path, createOnly, doing, signal } = publication
  if (saysTrue(answer)) {
    const inside = `${path}/${temporary.slice(temporary.lastIndexOf('/') + 1)}`
    if ((await findWebHdfsStatus(client, path, doing, signal))?.type !== 'DIRECTORY') return 'written'
    await deleteFile(client, inside, doing, signal)
    throw directoryThere(publication)
  }
  await refuseDirectory(publication)
  if (createOnly) {
    const found = await findWebHdfsStatus(client, path, doing, signal)
    await deleteFile(client, temporary, doing, signal)
    if (found !== undefined) return 'exists'
    throw new MoraineError('unavailable', `${doing} failed: the file could not be given its name`)
  }
  await deleteFile(client, path, doing, signal)
  if (saysTrue(await rename(publication))) return 'written'
  await deleteFile(client, temporary, doing, signal)
  throw new MoraineError('unavailable', `${doing} failed: somebody else writes it at the same time`)
}

async function refuseDirectory(publication: WebHdfsPublication): Promise<void> {
  const { client, path, doing, signal } = publication
  if ((await findWebHdfsStatus(client, path, doing, signal))?.type === 'DIRECTORY') throw directoryThere(publication)
}

function directoryThere({ doing }: WebHdfsPublication): MoraineError {
  return new MoraineError('invalid-input', `${doing} failed: it is a directory`)
}
