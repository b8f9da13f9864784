import { type TableDetails, tableDetails, tableParams, tableVerdict } from '@moraine/api/rest/table-schemas'
import { amoroTableStatus } from '@moraine/lifecycle/amoro-words'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { databaseName } from '@moraine/management/records/table-name'
import type { Stores } from '@moraine/management/store/stores'
import type { TableDescription, TableInspection } from '@moraine/management/table-work/table-inspection'
import { withoutSecrets } from '@moraine/storage/without-secrets'
import { findTable } from '../../catalogs/find-table.ts'
import type { InTime } from '../../requests/answer-in-time.ts'
import { amoroSize } from './amoro-size.ts'
import { type VerdictDeps, verdictLoader } from './load-verdict.ts'
import { type ApiServer, answers, success } from './route-types.ts'

type TableRoutesDeps = VerdictDeps & {
  readonly stores: Stores
  readonly inspection: TableInspection
  readonly inTime: InTime
}

export const TABLE_PREFIX = '/tables/catalogs/:catalog/dbs/:db/tables/:table'

export function tableRoutes(server: ApiServer, deps: TableRoutesDeps): void {
  const { stores, inspection, inTime } = deps
  const loadVerdict = verdictLoader(deps)
  const tags = ['tables']
  server.get(
    `${TABLE_PREFIX}/details`,
    {
      schema: {
        tags,
        summary: 'Schema, partitioning, sizes, health and verdict',
        params: tableParams,
        response: answers(tableDetails),
      },
    },
    async (request, reply) => {
      const table = await findTable(stores, request.params)
      const description = await inTime(request, reply, (signal) => inspection.describe(table.name, signal))
      return success(detailsBody(table, description, await loadVerdict(table)))
    },
  )
  server.get(
    `${TABLE_PREFIX}/verdict`,
    {
      schema: {
        tags,
        summary: 'Why the table is, or is not, being optimized',
        params: tableParams,
        response: answers(tableVerdict),
      },
    },
    async ({ params }) => success(await loadVerdict(await findTable(stores, params))),
  )
}

function detailsBody(table: ManagedTable, found: TableDescription, verdict: TableDetails['verdict']): TableDetails {
  const { name, tableId, format, evaluation } = table
  const { dataFiles, dataBytes } = found
  const average = dataFiles === 0 ? 0 : Math.round(dataBytes / dataFiles)
  const deletes = (evaluation?.totals.positionDeleteFiles ?? 0) + (evaluation?.totals.equalityDeleteFiles ?? 0)
  const schema = found.columns.map((column) => ({
    field: column.name,
    type: column.type,
    required: column.required,
    comment: column.comment ?? null,
  }))
  return {
    tableIdentifier: {
      catalog: name.catalog,
      database: databaseName(name.namespace),
      tableName: name.name,
      id: tableId,
    },
    tableType: format,
    schema,
    pkList: schema.filter(({ field }) => found.identifierFields.includes(field)),
    partitionColumnList: found.partitionFields.map((field) => ({
      field: field.name,
      sourceField: field.sourceName,
      transform: field.transform,
      fieldId: field.fieldId,
      sourceFieldId: field.sourceFieldId,
    })),
    properties: withoutSecrets(found.properties),
    changeMetrics: null,
    baseMetrics: {
      lastCommitTime: found.lastCommittedAtMs ?? null,
      totalSize: amoroSize(dataBytes),
      totalBytes: dataBytes,
      fileCount: dataFiles,
      averageFileSize: amoroSize(average),
      averageFileBytes: average,
      baseWatermark: null,
    },
    tableSummary: {
      file: dataFiles + deletes,
      size: amoroSize(dataBytes),
      averageFile: amoroSize(average),
      records: found.records,
      tableFormat: format === 'ICEBERG' ? `Iceberg(V${found.formatVersion})` : format,
      optimizingStatus: amoroTableStatus(table.state).name,
      ...healthScores(table),
    },
    baseLocation: found.location,
    filter: found.properties['self-optimizing.filter'] ?? null,
    createTime: table.createdAt,
    creator: null,
    tableWatermark: null,
    baseWatermark: null,
    comment: found.comment ?? null,
    uuid: found.uuid,
    formatVersion: found.formatVersion,
    verdict,
  }
}

/** -1 is Amoro's word for a score that has not been computed. */
function healthScores({ evaluation }: ManagedTable) {
  const { total, smallFiles, equalityDeletes, positionDeletes } = evaluation?.health ?? NO_SCORES
  return {
    healthScore: total,
    smallFileScore: smallFiles,
    equalityDeleteScore: equalityDeletes,
    positionalDeleteScore: positionDeletes,
  }
}

const NO_SCORES = { total: -1, smallFiles: -1, equalityDeletes: -1, positionDeletes: -1 }
