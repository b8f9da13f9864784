import assert from 'node:assert/strict'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'

export type StoredGlueTable = {
  readonly type: string
  readonly parameters: readonly string[]
  readonly columns: unknown
}

/** What a Glue at `endpoint` that looks at no signature shows of a table, and writers of Iceberg set. */
export async function storedGlueTable(
  endpoint: string,
  { namespace, name }: TableIdentifier,
): Promise<StoredGlueTable> {
  const headers = { 'x-amz-target': 'AWSGlue.GetTable', 'content-type': 'application/x-amz-json-1.1' }
  const authorization = 'AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/glue/aws4_request, SignedHeaders=host'
  const body = JSON.stringify({ DatabaseName: namespace[0], Name: name })
  const answer = await fetch(endpoint, { method: 'POST', headers: { ...headers, authorization }, body })
  assert.equal(answer.status, 200)
  const { Table } = (await answer.json()) as { Table: Stored }
  return {
    type: Table.TableType,
    parameters: Object.keys(Table.Parameters).sort(),
    columns: Table.StorageDescriptor.Columns,
  }
}

type Stored = {
  readonly TableType: string
  readonly Parameters: Readonly<Record<string, string>>
  readonly StorageDescriptor: { readonly Columns: unknown }
}
