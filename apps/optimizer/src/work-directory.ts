import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

const PREFIX = 'moraine-optimizer-'

/**
 * Makes this process's directory for files in work below `parent`, and removes those of optimizers of this host whose
 * process is gone: one that was killed could not do it itself.
 */
export async function makeWorkDirectory(
  parent: string,
  isAlive: (pid: number) => boolean = hasProcess,
): Promise<string> {
  const ours = `${PREFIX}${hostname()}-`
  // Containers may share the directory, but not their host's name: a process number says nothing about another host's.
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(ours) ? /^(\d+)-[^-]+$/.exec(name.slice(ours.length))?.[1] : undefined
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(parent, name), { recursive: true, force: true })
  }
  return mkdtemp(join(parent, `${ours}${process.pid}-`))
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
