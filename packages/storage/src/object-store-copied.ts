import { type Random, uuidV4 } from '@moraine/stdx/random'
import type { Operator } from 'opendal'
import type { FileWriter } from './file-io.ts'
import { attempt } from './object-store-writer.ts'
import { folderOf } from './places.ts'

/** An object whose key opendal would write as another: it is written under a plain name, and copied to its own. */
export type CopiedObject = {
  readonly operator: Operator
  readonly key: string
  readonly location: string
  /** `.moraine-<uuid>.tmp` in the nearest folder of a plain name. A process that is killed leaves it behind. */
  readonly temporary: string
}

/** Its key has a `misnamed` character. */
export function copiedObject(
  operator: Operator,
  { key, location }: { readonly key: string; readonly location: string },
  misnamed: RegExp,
  random: Random,
): CopiedObject {
  const folder = folderOf(key.slice(0, key.search(misnamed)))
  return { operator, key, location, temporary: `${folder}.moraine-${uuidV4(random)}.tmp` }
}

/** Shows what was written, whole, under its own name. The temporary object is gone afterwards, if it can be removed. */
export async function finishCopied(object: CopiedObject, signal: AbortSignal | undefined): Promise<void> {
  const { operator, temporary, key, location } = object
  try {
    await attempt(operator.copy(temporary, key), signal, `writing ${location}`)
  } finally {
    await discardCopied(object)
  }
}

/** Whatever goes wrong here must not hide how the write ended; the folder's cleaning is left. */
export async function discardCopied({ operator, temporary }: CopiedObject): Promise<void> {
  await operator.delete(temporary).catch(() => {})
}

/** @param writer of the temporary object */
export function copiedWriter(writer: FileWriter, object: CopiedObject, signal: AbortSignal | undefined): FileWriter {
  let finished = false
  return {
    write: (bytes) => writer.write(bytes),
    close: async () => {
      const outcome = await writer.close()
      await finishCopied(object, signal)
      finished = true
      return outcome
    },
    abort: async () => {
      await writer.abort()
      if (!finished) await discardCopied(object)
    },
  }
}
