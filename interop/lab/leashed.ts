import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** How a command ended, with all that it printed. */
export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** A process that runs until it is stopped. */
export type Leashed = {
  /** Of the leash: the command and what it starts are below it. `undefined` if it could not be started. */
  readonly pid: number | undefined
  readonly ended: Promise<Ended>
  /** The first line, of stdout or stderr, that matches; rejects with all output if the process ends before. */
  line(pattern: RegExp): Promise<string>
  /** Lines seen up to now. */
  lines(): readonly string[]
  /** Asks it to end and waits. */
  stop(): Promise<Ended>
  /** Kills it with all its children, unasked. */
  kill(): void
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const LEASH = fileURLToPath(new URL('leash.sh', import.meta.url))

/** Environment variables of a command besides those of this process. */
type Variables = Readonly<Record<string, string>>

/** Runs a command of the checkout to its end. It does not outlive this process, nor the signal. */
export function runLeashed(
  command: string,
  args: readonly string[],
  signal?: AbortSignal,
  variables: Variables = {},
): Promise<Ended> {
  const child = spawnLeash(command, args, variables)
  const kill = () => child.stdin.end()
  signal?.addEventListener('abort', kill, { once: true })
  return endOf(child, `${command} ${args.join(' ')}`).finally(() => signal?.removeEventListener('abort', kill))
}

/** Starts a command of the checkout that serves until it is stopped. It does not outlive this process. */
export function startLeashed(command: string, args: readonly string[], variables: Variables = {}): Leashed {
  const child = spawnLeash(command, args, variables)
  const seen: string[] = []
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      seen.push(line)
      for (const wake of waiting) wake()
    })
  }
  const ended = endOf(child, command)
  return {
    pid: child.pid,
    ended,
    lines: () => seen,
    kill: () => child.stdin.end(),
    stop() {
      child.kill('SIGTERM')
      return ended
    },
    line: (pattern) =>
      new Promise((resolve, reject) => {
        let looked = 0
        const look = () => {
          const found = seen.slice(looked).find((line) => pattern.test(line))
          looked = seen.length
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
        void ended.then(({ code }) =>
          reject(new Error(`${command} ended with ${code} before ${pattern}:\n${seen.join('\n')}`)),
        )
      }),
  }
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

function spawnLeash(command: string, args: readonly string[], variables: Variables): Child {
  const env = { ...process.env, ...variables }
  const child = spawn(LEASH, [command, ...args], { cwd: ROOT, env, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => {}) // it has ended: `close` says so
  return child
}

/** More than any suite has a use for: what prints without end would fill this process, and end it without a word. */
const OUTPUT_MAX = 128 * 1024 * 1024

function endOf(child: Child, command: string): Promise<Ended> {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk
      if (output[name].length < OUTPUT_MAX) return
      process.stderr.write(
        `${command} prints without end to its ${name}, and is killed; at last: ${chunk.slice(-1000)}\n`,
      )
      child.stdin.end()
      child[name].destroy()
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? -1, ...output }))
  })
}
