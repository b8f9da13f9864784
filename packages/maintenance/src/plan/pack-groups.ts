import { binPack } from './bin-pack.ts'
import { type ClassifiedFile, needsConversion, type Wish } from './classify-file.ts'
import { minTargetSizeBytes, type OptimizingPolicy } from './optimizing-policy.ts'

/** Files of one partition that are worked on together. */
export type Bin = { readonly kind: 'rewrite' | 'convert'; readonly files: readonly ClassifiedFile[] }

/**
 * Cuts the chosen files of a partition into bins (Amoro's two passes, with its hazards avoided): undersized files and
 * files to be rewritten are packed among themselves; then bins whose output would still be undersized are packed with
 * one another, so that the result needs no further plan. A file that stays alone is rewritten only if that gains
 * something by itself.
 */
export function packGroups(
  files: readonly ClassifiedFile[],
  policy: OptimizingPolicy,
  sortOrderId: number,
): readonly Bin[] {
  const capacity = Math.max(policy.targetSizeBytes, policy.maxTaskSizeBytes)
  const minTarget = minTargetSizeBytes(policy)
  const ordered = [...files].sort(byAge)
  const pack = (wish: Wish) =>
    binPack(
      ordered.filter((file) => file.wish === wish),
      capacity,
      sizeOf,
    )
  const first = [...pack('merge'), ...pack('rewrite')]
  const small = first.filter((bin) => sumOf(bin) <= minTarget)
  const rewrites = [
    ...first.filter((bin) => sumOf(bin) > minTarget),
    ...binPack(small, capacity, sumOf).map((bins) => bins.flat()),
  ]
  const isLoneMerge = (bin: readonly ClassifiedFile[]) => bin.length === 1 && bin[0]?.wish === 'merge'
  const lone = rewrites.filter(isLoneMerge).flat()
  const converted = [
    ...ordered.filter((file) => file.wish === 'convert'),
    ...lone.filter((file) => needsConversion(file.deletes)),
  ]
  return [
    ...rewrites
      .filter((bin) => !isLoneMerge(bin) && gains(bin, sortOrderId))
      .map((bin): Bin => ({ kind: 'rewrite', files: bin })),
    ...binPack(converted, capacity, sizeOf).map((bin): Bin => ({ kind: 'convert', files: bin })),
  ]
}

// Rewriting one file by itself pays only if it loses rows or gains order.
function gains(bin: readonly ClassifiedFile[], sortOrderId: number): boolean {
  const [first] = bin
  if (bin.length > 1 || first === undefined) return bin.length > 1
  return (
    first.deletes.effective.length > 0 ||
    (first.sizeClass === 'target-size' && first.task.data.file.sortOrderId !== sortOrderId)
  )
}

/** Older rows first, then by path: the same snapshot always gives the same bins, and neighbours in time stay neighbours. */
function byAge(a: ClassifiedFile, b: ClassifiedFile): number {
  const bySequence = a.task.data.dataSequenceNumber - b.task.data.dataSequenceNumber
  if (bySequence !== 0) return bySequence
  return a.task.data.file.filePath < b.task.data.file.filePath ? -1 : 1
}

function sizeOf(file: ClassifiedFile): number {
  return file.task.data.file.fileSizeBytes
}

function sumOf(files: readonly ClassifiedFile[]): number {
  return files.reduce((sum, file) => sum + sizeOf(file), 0)
}
