import { MoraineError } from '@moraine/stdx/error'

/** The `self-optimizing.*` settings of one table, with Apache Amoro's names, units and defaults. Sizes are bytes, times ms. */
export type OptimizingPolicy = {
  readonly enabled: boolean
  readonly allowPartialCommit: boolean
  readonly group: string
  /** <= 1: fraction of the group's threads; > 1: threads. */
  readonly quota: number
  readonly executeRetries: number
  readonly targetSizeBytes: number
  readonly maxTaskSizeBytes: number
  readonly fragmentRatio: number
  readonly minTargetSizeRatio: number
  readonly minorFileCount: number
  /** Negative: never by time alone. */
  readonly minorIntervalMs: number
  readonly duplicateRatio: number
  /** Negative: never. */
  readonly fullIntervalMs: number
  readonly fullRewriteAllFiles: boolean
  readonly filter?: string
  readonly minPlanIntervalMs: number
  /** When work may begin, and when not, as `@moraine/management/schedule/time-window` reads them; empty for no restraint. */
  readonly windows: string
  readonly blackouts: string
  /** Tables of a higher one go before others of their group. */
  readonly priority: number
  readonly openFileCostBytes: number
}

const MIB = 1024 * 1024

/** @throws {MoraineError} `invalid-input` naming the property and its value. */
export function parseOptimizingPolicy(properties: Readonly<Record<string, string>>): OptimizingPolicy {
  const read = propertyReader(properties)
  const filter = properties['self-optimizing.filter']
  return {
    enabled: read.boolean('self-optimizing.enabled', true),
    allowPartialCommit: read.boolean('self-optimizing.allow-partial-commit', false),
    group: properties['self-optimizing.group'] ?? 'default',
    quota: read.number('self-optimizing.quota', 0.5, 0),
    executeRetries: read.number('self-optimizing.execute.num-retries', 5, 0),
    targetSizeBytes: read.number('self-optimizing.target-size', 128 * MIB, 1),
    maxTaskSizeBytes: read.number('self-optimizing.max-task-size-bytes', 128 * MIB, 1),
    fragmentRatio: read.number('self-optimizing.fragment-ratio', 8, 1),
    minTargetSizeRatio: read.number('self-optimizing.min-target-size-ratio', 0.75, 0),
    minorFileCount: read.number('self-optimizing.minor.trigger.file-count', 12, 1),
    minorIntervalMs: read.number('self-optimizing.minor.trigger.interval', 3_600_000),
    duplicateRatio: read.number('self-optimizing.major.trigger.duplicate-ratio', 0.1, 0),
    fullIntervalMs: read.number('self-optimizing.full.trigger.interval', -1),
    fullRewriteAllFiles: read.boolean('self-optimizing.full.rewrite-all-files', true),
    ...(filter !== undefined && filter.trim() !== '' && { filter }),
    minPlanIntervalMs: read.number('self-optimizing.min-plan-interval', 60_000, 0),
    windows: properties['self-optimizing.windows']?.trim() ?? '',
    blackouts: properties['self-optimizing.blackouts']?.trim() ?? '',
    priority: read.number('self-optimizing.priority', 0),
    openFileCostBytes: read.number('read.split.open-file-cost', 4 * MIB, 0),
  }
}

/** Files up to this size are fragments. */
export function fragmentSizeBytes(policy: OptimizingPolicy): number {
  return Math.floor(policy.targetSizeBytes / policy.fragmentRatio)
}

/** Files above this size are left as they are; between the two sizes they are undersized. */
export function minTargetSizeBytes(policy: OptimizingPolicy): number {
  return Math.floor(policy.targetSizeBytes * policy.minTargetSizeRatio)
}

function propertyReader(properties: Readonly<Record<string, string>>) {
  const wrong = (key: string, value: string, wanted: string) =>
    new MoraineError('invalid-input', `table property ${key} is '${value}': it must be ${wanted}`)
  return {
    boolean(key: string, fallback: boolean): boolean {
      const text = properties[key]
      if (text === undefined) return fallback
      const lower = text.trim().toLowerCase()
      if (lower !== 'true' && lower !== 'false') throw wrong(key, text, 'true or false')
      return lower === 'true'
    },
    number(key: string, fallback: number, min = Number.NEGATIVE_INFINITY): number {
      const text = properties[key]
      if (text === undefined) return fallback
      const value = Number(text)
      if (text.trim() === '' || !Number.isFinite(value) || value < min) {
        throw wrong(key, text, min === Number.NEGATIVE_INFINITY ? 'a number' : `a number of at least ${min}`)
      }
      return value
    },
  }
}
