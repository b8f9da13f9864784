import { Agent, request } from 'node:http'

/** The few requests of the protocol that the benchmark makes; any answer but success ends it. */
export type RestCalls = {
  createNamespace(name: string): Promise<void>
  createTable(namespace: string, name: string, properties?: Readonly<Record<string, string>>): Promise<void>
  setProperty(namespace: string, name: string, value: number): Promise<void>
  loadTable(namespace: string, name: string): Promise<number>
  register(namespace: string, name: string, metadataLocation: string): Promise<void>
  /** How many tables the namespace has, page by page. */
  countTables(namespace: string): Promise<number>
}

export function restCalls(base: string): RestCalls {
  // Not `fetch`: on a machine with few cores a client that costs as much as the service would be what is measured.
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const call = (method: string, path: string, body?: unknown): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body)
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
      const sent = request(`${base}/${path}`, { method, agent, ...(text !== '' && { headers }) }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const answer = Buffer.concat(parts)
          const status = response.statusCode ?? 0
          if (status < 300) resolve(answer)
          else reject(new Error(`${method} ${path} was answered ${status}: ${answer.toString()}`))
        })
      })
      sent.on('error', reject)
      sent.end(text)
    })
  const send = async (path: string, body: unknown) => void (await call('POST', path, body))
  return {
    createNamespace: (name) => send('namespaces', { namespace: [name], properties: {} }),
    createTable: (namespace, name, properties = {}) =>
      send(`namespaces/${namespace}/tables`, { name, schema: SCHEMA, properties }),
    setProperty: (namespace, name, value) =>
      send(`namespaces/${namespace}/tables/${name}`, {
        requirements: [],
        updates: [{ action: 'set-properties', updates: { value: String(value) } }],
      }),
    loadTable: async (namespace, name) => (await call('GET', `namespaces/${namespace}/tables/${name}`)).byteLength,
    register: (namespace, name, location) =>
      send(`namespaces/${namespace}/register`, { name, 'metadata-location': location }),
    async countTables(namespace) {
      let count = 0
      let token = ''
      do {
        const answer = await call('GET', `namespaces/${namespace}/tables?pageToken=${encodeURIComponent(token)}`)
        const page = JSON.parse(answer.toString()) as { identifiers: unknown[]; 'next-page-token': string | null }
        count += page.identifiers.length
        token = page['next-page-token'] ?? ''
      } while (token !== '')
      return count
    },
  }
}

const SCHEMA = {
  type: 'struct',
  'schema-id': 0,
  fields: [
    { id: 1, name: 'id', required: true, type: 'long' },
    { id: 2, name: 'text', required: false, type: 'string' },
  ],
}
