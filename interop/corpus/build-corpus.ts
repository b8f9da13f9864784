import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { MoraineError } from '@moraine/stdx/error'
import { type ExpectedTable, parseExpectedTable } from '@moraine/testkit/fixtures/expected-table'
import { EXIT_UNAVAILABLE, type Started } from '../lab/json-lines-worker.ts'

const OUTPUT_KEPT = 4_000

/**
 * Builds tables of the corpus at `warehouse`/NAME and says what is in them. It takes seconds for each table, and
 * minutes where an engine has to be installed first.
 *
 * @throws {MoraineError} `internal` with the end of the output if a table cannot be built.
 */
export async function buildCorpus(
  warehouse: string,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<Started<readonly ExpectedTable[]>> {
  const { code, output } = await run([warehouse, ...names], signal)
  signal?.throwIfAborted()
  if (code === EXIT_UNAVAILABLE) return { kind: 'unavailable', why: output.trim().split('\n').at(-1) ?? '' }
  if (code !== 0) throw new MoraineError('internal', `corpus.sh ended with ${code}: ${output}`)
  const tables = names.map(async (name) => {
    const path = `${warehouse}/expected/${name}.json`
    return parseExpectedTable(await readFile(path, 'utf8'), path)
  })
  return { kind: 'started', engine: await Promise.all(tables) }
}

/** The whole process group dies with the signal: Spark's JVM is a grandchild. */
function run(args: readonly string[], signal?: AbortSignal): Promise<{ code: number; output: string }> {
  const script = fileURLToPath(new URL('corpus.sh', import.meta.url))
  const child = spawn(script, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-OUTPUT_KEPT)
    })
  }
  const kill = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
  }
  signal?.addEventListener('abort', kill, { once: true })
  process.once('exit', kill)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      signal?.removeEventListener('abort', kill)
      process.off('exit', kill)
      resolve({ code: code ?? -1, output })
    })
  })
}
