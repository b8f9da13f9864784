import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export type StartedCli = {
  readonly child: ChildProcess
  /** The first line, of either stream and from the start on, that the pattern finds. */
  line(pattern: RegExp): Promise<string>
  /** Asks it to end; its exit code. */
  stop(): Promise<number | null>
}

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const LINE_WITHIN_MS = 90_000

/** Starts `moraine` as a user would, and lets it run. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): StartedCli {
  const child = spawn(process.execPath, ['--conditions=development', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const seen: string[] = []
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      seen.push(line)
      for (const wake of waiting) wake()
    })
  }
  return {
    child,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const fail = (why: string) => () => {
          waiting.delete(look)
          reject(new Error(`${why} before ${pattern}:\n${seen.join('\n')}`))
        }
        const look = () => {
          const found = seen.find((each) => pattern.test(each))
          if (found === undefined) return
          waiting.delete(look)
          clearTimeout(late)
          resolve(found)
        }
        const late = setTimeout(fail(`${LINE_WITHIN_MS} ms passed`), LINE_WITHIN_MS)
        child.once('close', fail('it ended'))
        waiting.add(look)
        look()
      }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill('SIGINT')
      const [code] = (await once(child, 'exit')) as [number | null]
      return code
    },
  }
}

/** The address in the line by which a service says that it listens. */
export async function serviceUrl(service: StartedCli): Promise<string> {
  const line = await service.line(/moraine listens on/)
  const url = /http:\/\/[^;, ]+/.exec(line)?.[0]
  if (url === undefined) throw new Error(`no address in: ${line}`)
  return url
}
