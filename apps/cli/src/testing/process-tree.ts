import { execFileSync } from 'node:child_process'

export type ProcessEntry = { readonly pid: number; readonly parent: number; readonly command: string }

/** All processes of this machine, by the tool that every Unix has. Those that have ended and are not yet reaped are left out. */
export function listProcesses(): readonly ProcessEntry[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,state=,command='], { encoding: 'utf8' }).split('\n')
  return lines.flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line)
    if (match === null || match[3]?.startsWith('Z')) return []
    return [{ pid: Number(match[1]), parent: Number(match[2]), command: match[4] ?? '' }]
  })
}

/** Everything below a process, itself not included. */
export function descendants(pid: number, all = listProcesses()): readonly ProcessEntry[] {
  const children = all.filter(({ parent }) => parent === pid)
  return children.flatMap((child) => [child, ...descendants(child.pid, all)])
}
