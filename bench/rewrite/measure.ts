import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

/** What a command cost, with all processes that it started. */
export type Cost = {
  readonly wallSeconds: number
  /**
   * User and system time of the command and of all its descendants that were waited for: the kernel's own sum, that of
   * `wait4`, read from /proc/self/stat. Steps of 10 ms.
   */
  readonly cpuSeconds: number
  /** The most that all processes held at one time, pages that they share counted in each; looked at every 20 ms. */
  readonly peakRssMb: number
  readonly stdout: string
}

const LOOK_EVERY_MS = 20

/** Runs one command to its end. Nothing else may be started by this process meanwhile. */
export async function measure(command: string, args: readonly string[], cwd?: string): Promise<Cost> {
  const cpuBefore = childrenCpuSeconds()
  const startedAt = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(cwd !== undefined && { cwd }) })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)))
  let peakRssMb = 0
  const look = setInterval(() => {
    if (child.pid !== undefined) peakRssMb = Math.max(peakRssMb, treeRssMb(child.pid))
  }, LOOK_EVERY_MS)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  }).finally(() => clearInterval(look))
  const wallSeconds = (performance.now() - startedAt) / 1000
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr}${stdout.slice(-2000)}`)
  return { wallSeconds, cpuSeconds: childrenCpuSeconds() - cpuBefore, peakRssMb, stdout }
}

// Fields 16 and 17: cutime and cstime, in clock ticks, of which Linux has 100 a second for user space.
function childrenCpuSeconds(): number {
  const fields = afterName(readFileSync('/proc/self/stat', 'utf8'))
  return (Number(fields[13]) + Number(fields[14])) / 100
}

function treeRssMb(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return (pages * 4096) / 1e6 + children.reduce((sum, child) => sum + treeRssMb(Number(child)), 0)
  } catch {
    // It has ended between two looks.
    return 0
  }
}

// The name may hold anything; what follows its last bracket begins with field 3.
function afterName(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
