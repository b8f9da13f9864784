import type { OutputDataFile, OutputDeleteFile, RewriteEvidence } from '@moraine/maintenance/plan/rewrite-result'

/** What a method did: a task's result but for what is measured around it. */
export type TaskOutcome = {
  readonly method: { readonly kind: 'concat' | 'rewrite' | 'convert-deletes'; readonly reason: string }
  readonly dataFiles: readonly OutputDataFile[]
  readonly deleteFiles: readonly OutputDeleteFile[]
  readonly evidence: RewriteEvidence
  /** Of the child process; absent if none was needed. */
  readonly child?: { readonly cpuMs: number; readonly peakRssBytes: number }
}
