import { once } from 'node:events'
import { createServer } from 'node:net'
import { MoraineError } from '@moraine/stdx/error'

/**
 * Finds out before a port is opened whether it could be now.
 *
 * @throws {MoraineError} `conflict` if another process has it
 */
export async function checkPort({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  if (port === 0) return
  const trial = createServer()
  try {
    await once(trial.listen({ host, port, exclusive: true }), 'listening')
  } catch (cause) {
    // What else there may be is told as it will be when the port is opened.
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') return
    throw new MoraineError('conflict', `port ${port} of ${host} is taken`, { cause })
  }
  trial.close()
  await once(trial, 'close')
}
