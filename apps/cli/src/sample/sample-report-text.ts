import { humanBytes } from '@moraine/stdx/human-text'
import { textTable } from '../text/table-text.ts'
import type { SampleFigures } from './sample-report.ts'

/** The sample table before and after an optimizing of it; the same rows, proven by their hash. */
export type SampleReport = {
  readonly table: string
  readonly url: string
  readonly before: SampleFigures
  readonly after: SampleFigures
  readonly sameRows: boolean
}

export function reportText({ table, url, before, after, sameRows }: SampleReport): string {
  const rows = textTable(
    [table, 'before', 'after'],
    [
      ['data files', before.dataFiles, after.dataFiles],
      ['delete files', before.deleteFiles, after.deleteFiles],
      ['bytes', humanBytes(before.bytes), humanBytes(after.bytes)],
      ['health score', before.healthScore, after.healthScore],
      ['rows', before.rows, after.rows],
      ['full scan', `${before.scanMs} ms`, `${after.scanMs} ms`],
    ],
  )
  return `${rows}\nrows before and after are ${sameRows ? 'the same' : 'NOT THE SAME'}; see ${url}/api/ams/v1/moraine/tables\n`
}
