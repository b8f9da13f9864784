import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MoraineError } from '@moraine/stdx/error'
import { EXIT_UNAVAILABLE, type Started } from './json-lines-worker.ts'
import { runLeashed } from './leashed.ts'

/**
 * Runs Flink's SQL client over some statements, in a mini cluster of its own, until the last one has ended. `started`
 * holds its output. It takes a quarter of a minute to start, and minutes where Flink has to be installed first.
 *
 * @throws {MoraineError} `internal` with the output if a statement fails
 */
export async function runFlink(statements: readonly string[], signal?: AbortSignal): Promise<Started<string>> {
  const directory = await mkdtemp(join(tmpdir(), 'moraine-flink-'))
  try {
    const file = join(directory, 'statements.sql')
    await writeFile(file, statements.map((statement) => `${statement};\n`).join(''))
    const { code, stdout, stderr } = await runLeashed('interop/lab/flink.sh', ['sql', file], signal)
    signal?.throwIfAborted()
    if (code === EXIT_UNAVAILABLE) return { kind: 'unavailable', why: stderr.trim().split('\n').at(-1) ?? '' }
    if (code !== 0) throw new MoraineError('internal', `flink.sh ended with ${code}: ${stdout}\n${stderr}`)
    return { kind: 'started', engine: stdout }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
