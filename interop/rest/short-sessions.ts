import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { roleAssumer } from '@moraine/catalogs/aws/assume-role'
import { systemClock } from '@moraine/stdx/clock'
import { formatExactJson, type JsonObject, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import type { StorageSettings } from '@moraine/storage/settings'

/**
 * Stands before a REST catalog and before its S3 server, and has sessions that are vended end after seconds, where no STS
 * lets them end before a quarter of an hour. Each answer of the catalog with credentials gets a session of its own from
 * STS; the store takes it for so long, and nothing that was not vended here.
 */
export type ShortSessions = {
  readonly catalogUrl: string
  /** Sessions that were vended, by their secret keys. */
  readonly secrets: readonly string[]
  /** How many of them were used. */
  used(): number
  /** Requests to the store that were refused, and why. */
  readonly refusals: readonly string[]
  close(): Promise<void>
}

export async function startShortSessions(
  catalog: string,
  s3: StorageSettings,
  { lifeMs, role }: { readonly lifeMs: number; readonly role: string },
): Promise<ShortSessions> {
  const ends = new Map<string, number>()
  const used = new Set<string>()
  const secrets: string[] = []
  const refusals: string[] = []
  const store = await proxyServer(s3['s3.endpoint'] ?? '', (request, response) => {
    const token = [request.headers['x-amz-security-token'] ?? 'none'].flat().join()
    const endsAt = ends.get(token)
    if (endsAt !== undefined && Date.now() < endsAt) {
      used.add(token)
      return false
    }
    refusals.push(`${request.method} ${request.url} ${endsAt === undefined ? 'without a vended session' : 'too late'}`)
    request.resume()
    // As AWS answers.
    const code = endsAt === undefined ? 'AccessDenied' : 'ExpiredToken'
    const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>it has ended</Message></Error>`
    response.writeHead(endsAt === undefined ? 403 : 400, { 'content-type': 'application/xml' }).end(body)
    return true
  })
  const vend = vendor(s3, role, async (session) => {
    const endsAt = Date.now() + lifeMs
    ends.set(session.sessionToken, endsAt)
    secrets.push(session.secretAccessKey)
    return {
      's3.endpoint': store.url,
      's3.access-key-id': session.accessKeyId,
      's3.secret-access-key': session.secretAccessKey,
      's3.session-token': session.sessionToken,
      's3.session-token-expires-at-ms': String(endsAt),
    }
  })
  const front = await proxyServer(catalog, () => false, vend)
  return {
    ...{ catalogUrl: front.url, secrets, refusals },
    used: () => used.size,
    close: async () => void (await Promise.all([front.close(), store.close()])),
  }
}

type Session = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string }

/** Puts a session into each place of an answer where there is one. */
function vendor(
  s3: StorageSettings,
  roleArn: string,
  settingsOf: (session: Session) => Promise<JsonObject>,
): (body: string) => Promise<string> {
  const { 's3.access-key-id': accessKeyId = '', 's3.secret-access-key': secretAccessKey = '' } = s3
  const assume = roleAssumer(async () => ({ accessKeyId, secretAccessKey }), {
    region: 'us-east-1',
    environment: {},
    clock: systemClock,
    ...(s3['s3.endpoint'] !== undefined && { endpoint: s3['s3.endpoint'] }),
  })
  const role = { arn: roleArn, externalId: undefined, sessionName: 'short', durationSeconds: 900, tags: [] }
  return async (body) => {
    if (!body.includes('"s3.session-token"')) return body
    const settings = await settingsOf(await assume(role))
    const replaced = (value: JsonValue): JsonValue => {
      if (Array.isArray(value)) return value.map(replaced)
      if (typeof value !== 'object' || value === null) return value
      const object = value as JsonObject
      const inner = Object.entries(object).map(([key, each]) => [key, each === undefined ? each : replaced(each)])
      return { ...Object.fromEntries(inner), ...('s3.session-token' in object && settings) }
    }
    return formatExactJson(replaced(parseExactJson(body, 'answer')))
  }
}

/** @param answers whether it answered the request itself */
async function proxyServer(
  target: string,
  answers: (request: IncomingMessage, response: ServerResponse) => boolean,
  rewrite?: (body: string) => Promise<string>,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const pass = (request: IncomingMessage, response: ServerResponse) => {
    if (answers(request, response)) return
    const { 'accept-encoding': _, ...identity } = request.headers
    // The store's signatures count the host by which the client knows it.
    const headers = rewrite === undefined ? request.headers : identity
    const forward = send(
      new URL(request.url ?? '/', target),
      { method: request.method ?? 'GET', headers },
      (answer) => {
        const isJson = answer.headers['content-type']?.includes('json') === true
        if (rewrite === undefined || !isJson) {
          response.writeHead(answer.statusCode ?? 502, answer.headers)
          return void answer.pipe(response)
        }
        textOf(answer)
          .then(rewrite)
          .then((body) => {
            const { 'content-length': __, 'transfer-encoding': ___, ...kept } = answer.headers
            response
              .writeHead(answer.statusCode ?? 502, { ...kept, 'content-length': Buffer.byteLength(body) })
              .end(body)
          })
          .catch(() => response.destroy())
      },
    )
    forward.on('error', () => response.destroy())
    request.pipe(forward)
  }
  const server = createServer(pass).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
