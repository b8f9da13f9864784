import { binPack } from './bin-pack.ts'
import { type ClassifiedFile, needsConversion } from './classify-file.ts'
import { minTargetSizeBytes, type OptimizingPolicy } from './optimizing-policy.ts'

/** Files of one partition that are worked on together. */
export type Bin = { readonly kind: 'rewrite' | 'convert'; readonly files: readonly ClassifiedFile[] }

/**
 * Cuts the chosen files of a partition into bins (Amoro's two passes, with its hazards avoided): undersized files are
 * first packed among themselves; what stays alone is offered to bins of the second pass that come out undersized, so
 * that the result needs no further plan. Bins that gain nothing are dropped.
 */
export function packGroups(
  files: readonly ClassifiedFile[],
  policy: OptimizingPolicy,
  sortOrderId: number,
): readonly Bin[] {
  const capacity = Math.max(policy.targetSizeBytes, policy.maxTaskSizeBytes)
  const ordered = [...files].sort(byAge)
  const mergeBins = binPack(
    ordered.filter((file) => file.wish === 'merge'),
    capacity,
    sizeOf,
  )
  const lone = mergeBins.flatMap((bin) => (bin.length === 1 ? bin : []))
  const rewriteBins = binPack(
    ordered.filter((file) => file.wish === 'rewrite'),
    capacity,
    sizeOf,
  )
  const unplaced = fillUp(rewriteBins, lone, capacity, policy)
  const converted = [
    ...ordered.filter((file) => file.wish === 'convert'),
    ...unplaced.filter((file) => needsConversion(file.deletes)),
  ]
  return [
    ...mergeBins.filter((bin) => bin.length > 1).map((bin) => rewriteBin(bin)),
    ...rewriteBins.filter((bin) => gains(bin, sortOrderId)).map((bin) => rewriteBin(bin)),
    ...binPack(converted, capacity, sizeOf).map((bin): Bin => ({ kind: 'convert', files: bin })),
  ]
}

function rewriteBin(files: readonly ClassifiedFile[]): Bin {
  return { kind: 'rewrite', files }
}

// Adds lone undersized files to rewrite bins whose output would be undersized itself; returns those that found no place.
function fillUp(
  bins: ClassifiedFile[][],
  lone: readonly ClassifiedFile[],
  capacity: number,
  policy: OptimizingPolicy,
): readonly ClassifiedFile[] {
  const minTarget = minTargetSizeBytes(policy)
  const unplaced: ClassifiedFile[] = []
  for (const file of lone) {
    const bin = bins.find((candidate) => {
      const bytes = sumOf(candidate)
      return bytes <= minTarget && bytes + sizeOf(file) <= capacity
    })
    if (bin === undefined) unplaced.push(file)
    else bin.push(file)
  }
  return unplaced
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
