import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { MoraineError } from '@moraine/stdx/error'

const PREFIX = 'moraine-work-'

/**
 * Makes this process's directory for files in work below `parent`, and removes those of processes of this host that are
 * gone: one that was killed could not do it itself.
 *
 * @throws {MoraineError} `invalid-input` that names `parent` if it cannot be used
 */
export async function makeWorkDirectory(
  parent: string,
  isAlive: (pid: number) => boolean = hasProcess,
): Promise<string> {
  const ours = `${PREFIX}${hostname()}-`
  try {
    // Containers may share the directory, but not their host's name: a process number says nothing about another host's.
    for (const name of await readdir(parent)) {
      const pid = name.startsWith(ours) ? /^(\d+)-[^-]+$/.exec(name.slice(ours.length))?.[1] : undefined
      if (pid !== undefined && !isAlive(Number(pid))) await rm(join(parent, name), { recursive: true, force: true })
    }
    return await mkdtemp(join(parent, `${ours}${process.pid}-`))
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new MoraineError(
      'invalid-input',
      `files in work cannot be put into ${parent}: ${problem}; name a directory that can be written to with TMPDIR`,
      { cause },
    )
  }
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is one, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
