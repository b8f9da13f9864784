import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** What the parts of Glue's API that a catalog uses do, in memory: names, versions, pages, and nothing of AWS's signing. */
export type FakeGlue = {
  readonly endpoint: string
  readonly databases: Map<string, FakeGlueDatabase>
  /** Operations in the order they came, each with its request. */
  readonly calls: readonly FakeGlueCall[]
  stop(): Promise<void>
}

export type FakeGlueDatabase = { input: FakeGlueJson; readonly tables: Map<string, FakeGlueTable> }
/** A version that is no number is not told. */
export type FakeGlueTable = { input: FakeGlueJson; version: number; readonly createTime: number }
export type FakeGlueJson = { readonly [key: string]: unknown }
export type FakeGlueCall = { readonly operation: string; readonly request: FakeGlueJson; readonly signature: string }

class GlueRefusal extends Error {
  readonly type: string
  constructor(type: string) {
    super(`${type} by the fake`)
    this.type = type
  }
}

export async function startFakeGlue(): Promise<FakeGlue> {
  const databases = new Map<string, FakeGlueDatabase>()
  const calls: FakeGlueCall[] = []
  let now = 1_700_000_000
  const operations = operationsOn(databases, () => {
    now += 1
    return now
  })
  const server = createServer((request, response) => {
    void answer(request, response, operations, calls)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    endpoint: `http://127.0.0.1:${port}`,
    databases,
    calls,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

type Operations = Readonly<Record<string, (request: FakeGlueJson) => FakeGlueJson>>

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  operations: Operations,
  calls: FakeGlueCall[],
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const operation = String(request.headers['x-amz-target']).replace('AWSGlue.', '')
  const body = JSON.parse(Buffer.concat(chunks).toString()) as FakeGlueJson
  calls.push({ operation, request: body, signature: request.headers.authorization ?? '' })
  const send = (status: number, json: unknown) =>
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(json))
  try {
    const run = operations[operation]
    if (run === undefined) throw new GlueRefusal('UnknownOperationException')
    send(200, run(body))
  } catch (error) {
    if (!(error instanceof GlueRefusal)) throw error
    send(400, { __type: error.type, Message: error.message })
  }
}

function operationsOn(databases: Map<string, FakeGlueDatabase>, nextTime: () => number): Operations {
  const database = (name: unknown) => {
    const found = databases.get(String(name))
    if (found === undefined) throw new GlueRefusal('EntityNotFoundException')
    return found
  }
  const table = (request: FakeGlueJson, name: unknown) => {
    const found = database(request['DatabaseName']).tables.get(String(name))
    if (found === undefined) throw new GlueRefusal('EntityNotFoundException')
    return found
  }
  const input = (request: FakeGlueJson, key: string) => request[key] as FakeGlueJson
  return {
    GetDatabase: ({ Name }) => ({ Database: database(Name).input }),
    GetDatabases: (request) => pageOf('DatabaseList', [...databases.values()], request, (each) => each.input),
    CreateDatabase(request) {
      const created = input(request, 'DatabaseInput')
      if (databases.has(String(created['Name']))) throw new GlueRefusal('AlreadyExistsException')
      databases.set(String(created['Name']), { input: created, tables: new Map() })
      return {}
    },
    UpdateDatabase(request) {
      database(request['Name']).input = input(request, 'DatabaseInput')
      return {}
    },
    DeleteDatabase({ Name }) {
      database(Name)
      databases.delete(String(Name))
      return {}
    },
    GetTable: (request) => ({ Table: tableJson(table(request, request['Name'])) }),
    GetTables: (request) =>
      pageOf('TableList', [...database(request['DatabaseName']).tables.values()], request, tableJson),
    CreateTable(request) {
      const { tables } = database(request['DatabaseName'])
      const created = input(request, 'TableInput')
      if (tables.has(String(created['Name']))) throw new GlueRefusal('AlreadyExistsException')
      tables.set(String(created['Name']), { input: created, version: 0, createTime: nextTime() })
      return {}
    },
    UpdateTable(request) {
      const updated = input(request, 'TableInput')
      const found = table(request, updated['Name'])
      if (request['VersionId'] !== undefined && request['VersionId'] !== String(found.version)) {
        throw new GlueRefusal('ConcurrentModificationException')
      }
      found.input = updated
      found.version += 1
      return {}
    },
    DeleteTable(request) {
      table(request, request['Name'])
      database(request['DatabaseName']).tables.delete(String(request['Name']))
      return {}
    },
  }
}

function tableJson({ input, version, createTime }: FakeGlueTable): FakeGlueJson {
  return { ...input, ...(Number.isNaN(version) ? {} : { VersionId: String(version) }), CreateTime: createTime }
}

function pageOf<T>(key: string, all: readonly T[], request: FakeGlueJson, json: (item: T) => FakeGlueJson) {
  const from = Number(request['NextToken'] ?? 0)
  const to = from + Math.min(Number(request['MaxResults'] ?? PAGE_MAX), PAGE_MAX)
  return { [key]: all.slice(from, to).map(json), ...(to < all.length ? { NextToken: String(to) } : {}) }
}

const PAGE_MAX = 100
