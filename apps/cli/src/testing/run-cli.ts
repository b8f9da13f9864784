import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export type CliEnd = { readonly code: number | null; readonly out: string; readonly err: string }

export type CliOptions = {
  readonly env?: Readonly<Record<string, string>>
  /** The user to run as, if not this one; only root may ask for it. */
  readonly uid?: number
  /** What standard input has; nothing if absent. */
  readonly input?: string
  /** Largest file that the process may write, in KiB. */
  readonly fileSizeKib?: number
}

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const HANG_MS = 120_000

/** Of this process, whose own settings, such as `MORAINE_LAB`, are none of those that a test is about. */
const UNSET = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MORAINE_')))

/** `moraine` as a user runs it, to its end. A process that hangs is killed, and has no code. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliEnd> {
  const node = [process.execPath, '--conditions=development', main, ...args]
  const [program = '', ...rest] =
    options.fileSizeKib === undefined
      ? node
      : ['bash', '-c', `ulimit -f ${options.fileSizeKib}; exec "$@"`, 'limited', ...node]
  const child = spawn(program, rest, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...UNSET, ...options.env },
    ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
    timeout: HANG_MS,
    killSignal: 'SIGKILL',
  })
  // One that ends without having read it is fine.
  child.stdin.on('error', () => {})
  child.stdin.end(options.input)
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, out, err }))
  })
}
