import { MoraineError } from '@moraine/stdx/error'

/** Runs work on one file; a failure that does not name the file gets its name. */
export async function namingFile<T>(location: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof MoraineError) || error.message.includes(location)) throw error
    throw new MoraineError(error.kind, `${location}: ${error.message}`, { cause: error, context: error.context })
  }
}
