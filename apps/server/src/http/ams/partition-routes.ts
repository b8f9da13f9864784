import { page } from '@moraine/api/rest/envelope'
import {
  partitionFilesQuery,
  partitionParams,
  partitionsQuery,
  tableFile,
  tablePartition,
} from '@moraine/api/rest/inspection-schemas'
import { tableParams } from '@moraine/api/rest/table-schemas'
import type { Stores } from '@moraine/management/store/stores'
import type { TableInspection } from '@moraine/management/table-work/table-inspection'
import { findTable } from '../../catalogs/find-table.ts'
import type { InTime } from '../../requests/answer-in-time.ts'
import { amoroSize } from './amoro-size.ts'
import { fileBody } from './file-body.ts'
import { type ApiServer, answers, pageOf, success } from './route-types.ts'
import { TABLE_PREFIX } from './table-routes.ts'

type PartitionRoutesDeps = { readonly stores: Stores; readonly inspection: TableInspection; readonly inTime: InTime }

export function partitionRoutes(server: ApiServer, { stores, inspection, inTime }: PartitionRoutesDeps): void {
  const tags = ['tables']
  server.get(
    `${TABLE_PREFIX}/partitions`,
    {
      schema: {
        tags,
        summary: 'Partitions of the current snapshot, the last by name first',
        params: tableParams,
        querystring: partitionsQuery,
        response: answers(page(tablePartition)),
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const { name } = await findTable(stores, params)
      const { filter } = query
      const asked = { ...pageOf(query), ...(filter !== undefined && { filter }) }
      const { partitions, total } = await inTime(request, reply, (signal) =>
        inspection.listPartitions(name, asked, signal),
      )
      const list = partitions.map(({ partitionPath, specId, files, bytes, lastCommittedAtMs }) => ({
        partition: partitionPath,
        specId,
        fileCount: files,
        fileSize: bytes,
        lastCommitTime: lastCommittedAtMs ?? null,
        size: amoroSize(bytes),
      }))
      return success({ list, total })
    },
  )
  server.get(
    `${TABLE_PREFIX}/partitions/:partition/files`,
    {
      schema: {
        tags,
        summary: 'Live files of a partition',
        params: partitionParams,
        querystring: partitionFilesQuery,
        response: answers(page(tableFile)),
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const { name } = await findTable(stores, params)
      const { specId } = query
      // What Amoro's pages send for a table that is not partitioned.
      const partitionPath = params.partition === 'null' ? '' : params.partition
      const asked = { partitionPath, ...pageOf(query), ...(specId !== undefined && { specId }) }
      const { files, total } = await inTime(request, reply, (signal) =>
        inspection.listPartitionFiles(name, asked, signal),
      )
      return success({ list: files.map(fileBody), total })
    },
  )
}
