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
  return endOf(child).finally(() => signal?.removeEventListener('abort', kill))
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
  const ended = endOf(child)
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
        const look = () => {
          const found = seen.find((line) => pattern.test(line))
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

function endOf(child: Child): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }))
  })
}
