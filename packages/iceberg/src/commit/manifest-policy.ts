import { MoraineError } from '@moraine/stdx/error'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import type { MergePolicy } from './merge-manifests.ts'

/** The table's `commit.manifest.*` properties. @throws {MoraineError} `invalid-input` naming the property. */
export function manifestPolicy({ properties }: TableMetadata): MergePolicy {
  const positive = (key: string, fallback: number) => {
    const value = Number(properties[key] ?? fallback)
    if (Number.isSafeInteger(value) && value > 0) return value
    throw new MoraineError(
      'invalid-input',
      `table property ${key} is '${properties[key]}': it must be a positive whole number`,
    )
  }
  return {
    enabled: properties['commit.manifest-merge.enabled'] !== 'false',
    minCount: positive('commit.manifest.min-count-to-merge', 100),
    targetSizeBytes: positive('commit.manifest.target-size-bytes', 8_388_608),
  }
}
