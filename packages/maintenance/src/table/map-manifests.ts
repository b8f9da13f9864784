import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import { MANIFESTS_AT_A_TIME } from '@moraine/iceberg/scan/read-manifests'
import { mapBounded } from '@moraine/stdx/bounded'

// Manifests are some 8 MiB; nothing keeps a writer from making one of a gigabyte.
const LARGE_BYTES = 32 * 1024 * 1024

/** Works on manifests, several at a time to hide the latency of stores, but on large ones one by one. Keeps their order. */
export async function mapManifests<R>(
  manifests: readonly ManifestFile[],
  work: (manifest: ManifestFile, signal: AbortSignal, at: number) => Promise<R>,
  signal?: AbortSignal,
): Promise<readonly R[]> {
  const results = new Map<number, R>()
  const numbered = manifests.map((manifest, at) => ({ manifest, at }))
  const run = async (isIncluded: (manifest: ManifestFile) => boolean, limit: number) => {
    const items = numbered.filter(({ manifest }) => isIncluded(manifest))
    await mapBounded(
      items,
      limit,
      async ({ manifest, at }, inner) => void results.set(at, await work(manifest, inner, at)),
      signal,
    )
  }
  await run((manifest) => manifest.manifestLength < LARGE_BYTES, MANIFESTS_AT_A_TIME)
  await run((manifest) => manifest.manifestLength >= LARGE_BYTES, 1)
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result)
}
