import type { TableEvaluation } from '@moraine/management/records/table-evaluation'
import type { PlannedWork } from '@moraine/management/table-work/table-maintenance'
import { describeError, type ErrorKind, MoraineError } from '@moraine/stdx/error'
import type { EvaluateTerms, PlanTerms, PointedTable } from './table-reading.ts'

/** What a thread that reads tables is told. Each order is answered once, one that was called off too. */
export type ToThread =
  | { readonly kind: 'evaluate'; readonly id: number; readonly table: PointedTable; readonly terms: EvaluateTerms }
  | { readonly kind: 'plan'; readonly id: number; readonly table: PointedTable; readonly terms: PlanTerms }
  | { readonly kind: 'call-off'; readonly id: number }

export type FromThread =
  | { readonly id: number; readonly made: TableEvaluation | PlannedWork | undefined }
  | { readonly id: number; readonly failure: SentError }

/** An error as it is sent between threads, where classes are lost. */
export type SentError = {
  readonly kind: ErrorKind
  readonly message: string
  readonly context: MoraineError['context']
  /** Of what is our bug. */
  readonly stack?: string
}

export function toSent(error: unknown): SentError {
  const message = describeError(error)
  if (error instanceof MoraineError) return { kind: error.kind, message, context: error.context }
  const stack = error instanceof Error ? error.stack : undefined
  return { kind: 'internal', message, context: {}, ...(stack !== undefined && { stack }) }
}

export function fromSent({ kind, message, context, stack }: SentError): MoraineError {
  if (stack === undefined) return new MoraineError(kind, message, { context })
  return new MoraineError(kind, message, { context, cause: Object.assign(new Error(message), { stack }) })
}
