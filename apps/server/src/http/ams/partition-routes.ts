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
import { amoroSize } from './amoro-size.ts'
import { fileBody } from './file-body.ts'
import { findTable } from './find-table.ts'
import { type ApiServer, answers, pageOf, success } from './route-types.ts'
import { TABLE_PREFIX } from './table-routes.ts'

type PartitionRoutesDeps = { readonly stores: Stores; readonly inspection: TableInspection }

export function partitionRoutes(server: ApiServer, { stores, inspection }: PartitionRoutesDeps): void {
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
    async ({ params, query }) => {
      const { name } = await findTable(stores, params)
      const { filter } = query
      const asked = { ...pageOf(query), ...(filter !== undefined && { filter }) }
      const { partitions, total } = await inspection.listPartitions(name, asked)
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
    async ({ params, query }) => {
      const { name } = await findTable(stores, params)
      const { specId } = query
      const { files, total } = await inspection.listPartitionFiles(name, {
        // What Amoro's pages send for a table that is not partitioned.
        partitionPath: params.partition === 'null' ? '' : params.partition,
        ...pageOf(query),
        ...(specId !== undefined && { specId }),
      })
      return success({ list: files.map(fileBody), total })
    },
  )
}
