import { checkAborted } from '@moraine/stdx/abort'
import { assert } from '@moraine/stdx/assert'
import type { Clock } from '@moraine/stdx/clock'
import type { FileWriter } from './file-io.ts'
import { openUpload } from './webhdfs-client.ts'
import { discardWebHdfsFile, publishWebHdfsFile, type WebHdfsPublication } from './webhdfs-publish.ts'

/**
 * Sends bytes to a temporary file as they come, in one request, and gives it its name at `close`. A lost connection loses
 * the whole: what can be held in memory is better written at once, which layers can try again.
 */
export async function openWebHdfsWriter(publication: WebHdfsPublication, clock: Clock): Promise<FileWriter> {
  const { client, temporary, doing, signal } = publication
  const upload = await openUpload(client, createCall(publication), clock)
  let ended = false
  let published = false
  const step = async <T>(run: () => Promise<T>): Promise<T> => {
    assert(!ended, `${doing} goes on after its end`)
    try {
      checkAborted(signal, doing)
      return await run()
    } catch (error) {
      ended = true
      upload.destroy()
      throw error
    }
  }
  return {
    // No bytes would be the mark of the body's end.
    write: (bytes) => step(async () => (bytes.length === 0 ? undefined : upload.write(bytes))),
    close: () =>
      step(async () => {
        await upload.finish()
        const outcome = await publishWebHdfsFile(publication)
        ended = true
        published = true
        return outcome
      }),
    abort: async () => {
      if (published) return
      ended = true
      published = true
      upload.destroy()
      await discardWebHdfsFile(client, temporary, clock)
    },
  }
}

/** The creation of the temporary file, directories included. */
export function createCall({ temporary, doing, signal }: WebHdfsPublication) {
  const parameters = [['overwrite', 'false']] as const
  return { method: 'PUT', operation: 'CREATE', path: temporary, parameters, doing, signal } as const
}
