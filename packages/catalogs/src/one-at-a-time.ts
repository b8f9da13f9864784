import { checkAborted, orAbort } from '@moraine/stdx/abort'
import { MoraineError } from '@moraine/stdx/error'

/** Runs tasks of one key one after another, in the order they came. `key` is for messages, too. */
export type OneAtATime = <T>(key: string, task: () => Promise<T>, signal?: AbortSignal) => Promise<T>

/**
 * Whoever gives up while waiting leaves the line, as `aborted`; a task that has begun is not disturbed. A line that is
 * too long turns newcomers away, as `unavailable`.
 */
export function oneAtATime(): OneAtATime {
  const lines = new Map<string, { tail: Promise<void>; length: number }>()
  return async (key, task, signal) => {
    const doing = `waiting for ${key}`
    checkAborted(signal, doing)
    const line = lines.get(key) ?? { tail: Promise.resolve(), length: 0 }
    if (line.length >= LENGTH_MAX) throw new MoraineError('unavailable', `${line.length} others wait for ${key}`)
    lines.set(key, line)
    line.length += 1
    const turn = line.tail
    const run = turn.then(() => {
      checkAborted(signal, doing)
      return task()
    })
    line.tail = run.then(
      () => {},
      () => {},
    )
    const done = line.tail.then(() => {
      line.length -= 1
      if (line.length === 0) lines.delete(key)
    })
    await orAbort(turn, signal, doing)
    try {
      return await run
    } finally {
      await done
    }
  }
}

const LENGTH_MAX = 1000
