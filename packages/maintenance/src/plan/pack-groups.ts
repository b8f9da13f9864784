import { binPack } from './bin-pack.ts'
import { type Judgement, needsConversion, type Wish } from './classify-file.ts'
import { minTargetSizeBytes, type OptimizingPolicy } from './optimizing-policy.ts'
import type { WorkFile } from './work-file.ts'

/** Files of one partition that are worked on together. */
export type Bin = { readonly kind: 'rewrite' | 'convert'; readonly files: readonly WorkFile[] }

/**
 * Cuts the chosen files of a partition into bins (Amoro's two passes, with its hazards avoided): undersized files and
 * files to be rewritten are packed among themselves; then bins whose output would still be undersized are packed with
 * one another, so that the result needs no further plan. A file that stays alone is rewritten only if that gains
 * something by itself.
 */
export function packGroups(files: readonly WorkFile[], policy: OptimizingPolicy, judgement: Judgement): readonly Bin[] {
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
  const isLoneMerge = (bin: readonly WorkFile[]) => bin.length === 1 && bin[0]?.wish === 'merge'
  const lone = rewrites.filter(isLoneMerge).flat()
  const converted = [
    ...ordered.filter((file) => file.wish === 'convert'),
    ...lone.filter((file) => needsConversion(file.deletes)),
  ]
  return [
    ...rewrites
      .filter((bin) => !isLoneMerge(bin) && gains(bin, judgement))
      .map((bin): Bin => ({ kind: 'rewrite', files: bin })),
    ...binPack(converted, capacity, sizeOf).map((bin): Bin => ({ kind: 'convert', files: bin })),
  ]
}

// Rewriting one file by itself pays only if it loses rows, gains order (all that is wanted of a file of target size
// without deletes) or moves to the current partition spec.
function gains(bin: readonly WorkFile[], judgement: Judgement): boolean {
  const [first] = bin
  if (bin.length > 1 || first === undefined) return bin.length > 1
  return first.deletes.effective.length > 0 || first.sizeClass === 'target-size' || judgement === 'full-move'
}

/** Older rows first, then by path: the same snapshot always gives the same bins, and neighbours in time stay neighbours. */
function byAge(a: WorkFile, b: WorkFile): number {
  const bySequence = a.description.dataSequenceNumber - b.description.dataSequenceNumber
  if (bySequence !== 0) return bySequence
  return a.description.filePath < b.description.filePath ? -1 : 1
}

function sizeOf(file: WorkFile): number {
  return file.description.fileSizeBytes
}

function sumOf(files: readonly WorkFile[]): number {
  return files.reduce((sum, file) => sum + sizeOf(file), 0)
}
