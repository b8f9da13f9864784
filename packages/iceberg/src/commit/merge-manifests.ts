import type { ManifestFile } from '../manifest/manifest-file.ts'

export type MergePolicy = {
  /** `commit.manifest-merge.enabled` */
  readonly enabled: boolean
  /** `commit.manifest.min-count-to-merge` */
  readonly minCount: number
  /** `commit.manifest.target-size-bytes` */
  readonly targetSizeBytes: number
}

/**
 * Chooses the manifests to be merged, each list into one. Only manifests of the same content and spec are merged, only
 * once there are `minCount` of them below the target size, and never across it; their order is kept.
 */
export function manifestsToMerge(
  manifests: readonly ManifestFile[],
  policy: MergePolicy,
): readonly (readonly ManifestFile[])[] {
  if (!policy.enabled) return []
  const small = Map.groupBy(
    manifests.filter((manifest) => manifest.manifestLength < policy.targetSizeBytes),
    (manifest) => `${manifest.content} ${manifest.partitionSpecId}`,
  )
  return [...small.values()]
    .filter((candidates) => candidates.length >= policy.minCount)
    .flatMap((candidates) => runsUpTo(candidates, policy.targetSizeBytes))
    .filter((run) => run.length > 1)
}

function runsUpTo(manifests: readonly ManifestFile[], targetSizeBytes: number): ManifestFile[][] {
  const runs: ManifestFile[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const manifest of manifests) {
    if (bytes + manifest.manifestLength > targetSizeBytes) {
      runs.push([])
      bytes = 0
    }
    runs.at(-1)?.push(manifest)
    bytes += manifest.manifestLength
  }
  return runs
}
