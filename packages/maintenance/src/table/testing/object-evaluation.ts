import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { ScanTask } from '@moraine/iceberg/scan/delete-index'
import { deleteStateOf } from '../../plan/delete-state.ts'
import { fragmentSizeBytes, minTargetSizeBytes, type OptimizingPolicy } from '../../plan/optimizing-policy.ts'

/** The figures of a partition counted from its files as objects, by definition and nothing cleverer; not in full mode. */
export function evaluateObjects(tasks: readonly ScanTask[], everything: readonly ScanTask[], policy: OptimizingPolicy) {
  const judged = tasks.map((task) => judge(task, everything, policy))
  const touched = judged.filter(({ wish }) => wish !== 'keep')
  const of = (wish: string) => judged.filter((each) => each.wish === wish)
  const sizes = of('merge')
    .map(({ size }) => size)
    .sort((a, b) => a - b)
  const deletes = new Map(touched.flatMap(({ state }) => state.effective.map((entry) => [keyOf(entry), entry])))
  return {
    files: tally(judged),
    touched: tally(touched),
    fragments: tally(judged.filter(({ sizeClass }) => sizeClass === 'fragment')),
    rewriteSegments: tally(of('rewrite').filter(({ sizeClass }) => sizeClass !== 'fragment')),
    undersized: tally(of('merge')),
    convert: tally(of('convert')),
    combinePositions: of('convert').filter(({ state }) => state.positions.length > 1).length,
    smallestPairBytes: (sizes[0] ?? Number.POSITIVE_INFINITY) + (sizes[1] ?? Number.POSITIVE_INFINITY),
    equalityDeletes: tallyDeletes([...deletes.values()], 'equality-deletes'),
    positionDeletes: tallyDeletes([...deletes.values()], 'position-deletes'),
  }
}

function judge(task: ScanTask, everything: readonly ScanTask[], policy: OptimizingPolicy) {
  const { fileSizeBytes: size, recordCount: records, filePath } = task.data.file
  const state = deleteStateOf(task.deletes, filePath)
  const sizeClass =
    size <= fragmentSizeBytes(policy) ? 'fragment' : size <= minTargetSizeBytes(policy) ? 'undersized' : 'target-size'
  const deleted = state.positions.reduce((sum, entry) => sum + (entry.file.recordCount * records) / reach(entry), 0)
  const isConverted = state.equality.length > 0 || !state.isCompact
  const wish =
    sizeClass === 'fragment' || deleted > records * policy.duplicateRatio
      ? 'rewrite'
      : sizeClass === 'undersized'
        ? 'merge'
        : isConverted
          ? 'convert'
          : 'keep'
  return { size, records, state, sizeClass, wish }

  function reach(entry: ManifestEntry): number {
    return everything
      .filter((each) => each.deletes.some((other) => keyOf(other) === keyOf(entry)))
      .reduce((sum, each) => sum + each.data.file.recordCount, 0)
  }
}

function keyOf(entry: ManifestEntry): string {
  return contentFileKey(entry.file)
}

function tally(files: readonly { readonly size: number; readonly records: number }[]) {
  return {
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    records: files.reduce((sum, { records }) => sum + records, 0),
  }
}

function tallyDeletes(entries: readonly ManifestEntry[], content: string) {
  return tally(
    entries
      .filter(({ file }) => file.content === content)
      .map(({ file }) => ({ size: file.contentSizeBytes ?? file.fileSizeBytes, records: file.recordCount })),
  )
}
