/** One run of one system over one workload. */
export type Measured = {
  readonly system: 'moraine' | 'Spark' | 'DuckDB x2' | 'cp' | 'cp + fsync'
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly peakRssMb: number
  readonly outputBytes: number
  readonly outputFiles: number
  readonly isRight: boolean
}

const SYSTEMS: readonly Measured['system'][] = ['moraine', 'Spark', 'DuckDB x2', 'cp', 'cp + fsync']
const HEADER =
  'system       MB/s   wall s (range)         CPU s (range)          peak MB   out MB  files  rows   wall: /cp  /cp+fsync  CPU: /DuckDB  /Spark\n'

/** Medians over the runs, and their range; ratios are medians of the ratios within each run. */
export function formatRows(runs: readonly Measured[], inputBytes: number): string {
  const of = (system: Measured['system']) => runs.filter((run) => run.system === system)
  const rows = SYSTEMS.filter((system) => of(system).length > 0).map((system) => {
    const own = of(system)
    const ratio = (other: Measured['system'], figure: (run: Measured) => number) => {
      const others = of(other)
      if (others.length !== own.length || other === system) return '-'
      return median(own.map((run, at) => figure(run) / figure(others[at] ?? run))).toFixed(2)
    }
    const wall = own.map((run) => run.wallSeconds)
    const last = own.at(-1)
    return [
      system.padEnd(11),
      (inputBytes / 1e6 / median(wall)).toFixed(0).padStart(6),
      withRange(wall).padStart(22),
      withRange(own.map((run) => run.cpuSeconds)).padStart(22),
      Math.max(...own.map((run) => run.peakRssMb))
        .toFixed(0)
        .padStart(9),
      ((last?.outputBytes ?? 0) / 1e6).toFixed(1).padStart(8),
      String(last?.outputFiles ?? 0).padStart(6),
      (own.every((run) => run.isRight) ? 'yes' : 'NO').padStart(5),
      ratio('cp', (run) => run.wallSeconds).padStart(11),
      ratio('cp + fsync', (run) => run.wallSeconds).padStart(10),
      ratio('DuckDB x2', (run) => run.cpuSeconds).padStart(13),
      ratio('Spark', (run) => run.cpuSeconds).padStart(7),
    ].join(' ')
  })
  return `${HEADER}${rows.join('\n')}\n`
}

function withRange(figures: readonly number[]): string {
  const low = Math.min(...figures).toFixed(2)
  const high = Math.max(...figures).toFixed(2)
  return figures.length === 1 ? low : `${median(figures).toFixed(2)} (${low}-${high})`
}

function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[middle]]
  return (low + high) / 2
}
