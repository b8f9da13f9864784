import type { Brand } from '@moraine/stdx/brand'

/** Number of a managed table, given once and never again. */
export type TableId = Brand<number, 'TableId'>

/** A positive 63-bit integer as decimal text (19 digits, so that text order is time order); an i64 in Thrift. */
export type ProcessId = Brand<string, 'ProcessId'>

/** 1-based inside a process. */
export type TaskId = Brand<number, 'TaskId'>

/** Public name of one registration of an optimizer; never its credential. */
export type OptimizerId = Brand<string, 'OptimizerId'>

/** One optimizer that a container was asked for; the optimizer registers with it. Fit for a name in Kubernetes. */
export type ResourceId = Brand<string, 'ResourceId'>
