import type { CatalogMap } from '@moraine/management/catalogs/managed-catalog'
import type { TableEvaluation } from '@moraine/management/records/table-evaluation'
import type { TableName } from '@moraine/management/records/table-name'
import type { EvaluateRequest, PlannedWork, PlanRequest } from '@moraine/management/table-work/table-maintenance'
import type { StorageSettings } from '@moraine/storage/settings'

/** All that it takes to read a table of which the catalog knows nothing but its metadata file: values, which may be sent elsewhere. */
export type PointedTable = {
  readonly table: TableName
  readonly metadataLocation: string
  /** With secrets: never to be logged. */
  readonly storage: StorageSettings
  readonly boundsFiles: boolean
  /** Properties of tables that do not say otherwise. */
  readonly tableDefaults: CatalogMap
}

/** What of a request is not said by the {@link PointedTable}. */
export type EvaluateTerms = Pick<EvaluateRequest, 'clocks' | 'now'>
export type PlanTerms = Omit<PlanRequest, 'table'>

/**
 * Reads tables and judges them; the work on a table that takes time of the processor. `undefined` if the metadata file is not
 * there: a newer commit may have removed it. Errors as of `TableMaintenance`.
 */
export interface TableReading {
  evaluate(table: PointedTable, terms: EvaluateTerms, signal: AbortSignal): Promise<TableEvaluation | undefined>
  plan(table: PointedTable, terms: PlanTerms, signal: AbortSignal): Promise<PlannedWork | undefined>
}
