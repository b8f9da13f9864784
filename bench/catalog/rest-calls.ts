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
  const call = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const response = await fetch(`${base}/${path}`, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${await response.text()}`)
    return response
  }
  const send = async (path: string, body: unknown) => void (await (await call('POST', path, body)).arrayBuffer())
  return {
    createNamespace: (name) => send('namespaces', { namespace: [name], properties: {} }),
    createTable: (namespace, name, properties = {}) =>
      send(`namespaces/${namespace}/tables`, { name, schema: SCHEMA, properties }),
    setProperty: (namespace, name, value) =>
      send(`namespaces/${namespace}/tables/${name}`, {
        requirements: [],
        updates: [{ action: 'set-properties', updates: { value: String(value) } }],
      }),
    loadTable: async (namespace, name) =>
      (await (await call('GET', `namespaces/${namespace}/tables/${name}`)).arrayBuffer()).byteLength,
    register: (namespace, name, location) =>
      send(`namespaces/${namespace}/register`, { name, 'metadata-location': location }),
    async countTables(namespace) {
      let count = 0
      let token = ''
      do {
        const response = await call('GET', `namespaces/${namespace}/tables?pageToken=${encodeURIComponent(token)}`)
        const page = (await response.json()) as { identifiers: unknown[]; 'next-page-token': string | null }
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
