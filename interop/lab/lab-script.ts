import { spawn, spawnSync } from 'node:child_process'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { EXIT_UNAVAILABLE, type Started } from './json-lines-worker.ts'

/**
 * Runs a script of this folder to its end, and holds this process up meanwhile; what it printed, without the last line's
 * end. The first time on a machine it may install what it needs, which takes minutes.
 *
 * @param script a path from this folder
 */
export function runLabScript(script: string, args: readonly string[], input = ''): Started<string> {
  const { status, stdout, stderr } = spawnSync(pathOf(script), args, { encoding: 'utf8', input })
  if (status === 0) return { kind: 'started', engine: stdout.trimEnd() }
  const why = stderr.trim().split('\n').at(-1) ?? `what ${script} gives cannot be had here`
  if (status === EXIT_UNAVAILABLE) return { kind: 'unavailable', why }
  throw new Error(`${script} ${args.join(' ')} ended with ${status}:\n${stderr}`)
}

/**
 * Starts a server by a script that keeps it under a name until `stop`; what it printed, which says how the server is
 * reached. It is stopped when this process ends, however that happens.
 */
export function startLabServer(script: string, name: string, ...args: readonly string[]): Started<string> {
  stopWithThisProcess(script, name)
  return runLabScript(script, ['start', name, ...args])
}

export function stopLabServer(script: string, name: string): void {
  spawnSync(pathOf(script), ['stop', name])
}

function pathOf(script: string): string {
  return fileURLToPath(new URL(script, import.meta.url))
}

// A process that nobody waits for: its standard input ends with this one.
function stopWithThisProcess(script: string, name: string): void {
  const wait = 'cat > /dev/null; exec "$0" stop "$1"'
  const command = ['-c', wait, pathOf(script), name]
  const child = spawn('bash', command, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => {})
  child.unref()
  if (child.stdin instanceof Socket) child.stdin.unref()
}
