import { page } from '@moraine/api/rest/envelope'
import { snapshotDetailQuery, snapshotParams, tableFile } from '@moraine/api/rest/inspection-schemas'
import { type SnapshotBody, snapshot, snapshotsQuery, tableParams } from '@moraine/api/rest/table-schemas'
import type { Stores } from '@moraine/management/store/stores'
import type { SnapshotDescription, TableInspection } from '@moraine/management/table-work/table-inspection'
import { findTable } from '../../catalogs/find-table.ts'
import type { InTime } from '../../requests/answer-in-time.ts'
import { amoroSize } from './amoro-size.ts'
import { fileBody } from './file-body.ts'
import { type ApiServer, answers, pageOf, success } from './route-types.ts'
import { TABLE_PREFIX } from './table-routes.ts'

type SnapshotRoutesDeps = { readonly stores: Stores; readonly inspection: TableInspection; readonly inTime: InTime }

export function snapshotRoutes(server: ApiServer, { stores, inspection, inTime }: SnapshotRoutesDeps): void {
  server.get(
    `${TABLE_PREFIX}/snapshots`,
    {
      schema: {
        tags: ['tables'],
        summary: 'Snapshots, newest first',
        params: tableParams,
        querystring: snapshotsQuery,
        response: answers(page(snapshot)),
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const { name } = await findTable(stores, params)
      const { operation, ref } = query
      const asked = { operation, ...pageOf(query), ...(ref !== undefined && { ref }) }
      const { snapshots, total } = await inTime(request, reply, (signal) =>
        inspection.listSnapshots(name, asked, signal),
      )
      return success({ list: snapshots.map(snapshotBody), total })
    },
  )
  server.get(
    `${TABLE_PREFIX}/snapshots/:snapshotId/detail`,
    {
      schema: {
        tags: ['tables'],
        summary: 'Files that a snapshot added and removed, the added first',
        params: snapshotParams,
        querystring: snapshotDetailQuery,
        response: answers(page(tableFile)),
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const { name } = await findTable(stores, params)
      const { ref } = query
      const asked = { snapshotId: BigInt(params.snapshotId), ...pageOf(query), ...(ref !== undefined && { ref }) }
      const { files, total } = await inTime(request, reply, (signal) =>
        inspection.listSnapshotFiles(name, asked, signal),
      )
      return success({ list: files.map(fileBody), total })
    },
  )
}

function snapshotBody(found: SnapshotDescription): SnapshotBody {
  const files = figure(found, 'total-data-files') + figure(found, 'total-delete-files')
  const changed = figure(found, 'added-files-size') + figure(found, 'removed-files-size')
  return {
    snapshotId: found.snapshotId.toString(),
    parentSnapshotId: found.parentSnapshotId?.toString() ?? null,
    fileCount: files,
    fileSize: amoroSize(changed),
    records: figure(found, 'total-records'),
    commitTime: found.committedAtMs,
    operation: found.operation,
    producer: found.producer ?? 'INGESTION',
    summary: { ...found.summary },
    originalFileSize: changed,
    totalBytes: figure(found, 'total-files-size'),
    recordsSummaryForChart: figures(found, RECORD_FIGURES),
    filesSummaryForChart: { ...figures(found, FILE_FIGURES), 'total-files': String(files) },
  }
}

// What Amoro draws, under its names, and where the summary has it.
const RECORD_FIGURES = {
  'total-records': 'total-records',
  'eq-delete-records': 'total-equality-deletes',
  'pos-delete-records': 'total-position-deletes',
}
const FILE_FIGURES = { 'delete-files': 'total-delete-files', 'data-files': 'total-data-files' }

function figures(found: SnapshotDescription, keys: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, String(figure(found, key))]))
}

function figure({ summary }: SnapshotDescription, key: string): number {
  const value = Number(summary[key] ?? 0)
  return Number.isSafeInteger(value) ? value : 0
}
