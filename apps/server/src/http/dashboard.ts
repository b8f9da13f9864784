import { readdir, readFile } from 'node:fs/promises'
import { extname, join, posix } from 'node:path'
import type { Random } from '@moraine/stdx/random'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** One file of a build of the dashboard, as it is and as it is sent to those who take it smaller. */
type BuiltFile = { readonly type: string; readonly plain: Buffer; readonly brotli?: Buffer; readonly gzip?: Buffer }

/** A build of the dashboard, by address: `/assets/index-B1.js`. */
export type DashboardBuild = ReadonlyMap<string, BuiltFile>

/** Where the build has this word, each answer has a word of its own that allows the page its own scripts and styles. */
const NONCE_PLACEHOLDER = '__CSP_NONCE__'

const PAGE = '/index.html'

/**
 * Reads a build, a few hundred kilobytes, into memory: no address can then lead to any other file.
 *
 * @throws {Error} if the directory is not there
 */
export async function readDashboard(directory: string): Promise<DashboardBuild> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const contents = new Map<string, Buffer>()
  for (const file of files) {
    contents.set(posix.join('/', file.slice(directory.length).replaceAll('\\', '/')), await readFile(file))
  }
  const build = new Map<string, BuiltFile>()
  for (const [path, plain] of contents) {
    const type = TYPES[extname(path)]
    if (type === undefined) continue
    const [brotli, gzip] = [contents.get(`${path}.br`), contents.get(`${path}.gz`)]
    build.set(path, { type, plain, ...(brotli && { brotli }), ...(gzip && { gzip }) })
  }
  return build
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

export type Dashboard = {
  /** Whether a person asks for a page, who is answered by {@link sendPage} whatever its address is. */
  isPageRequest(request: FastifyRequest): boolean
  /** The one page that there is: what it shows is told by the address, in the browser. */
  sendPage(reply: FastifyReply): FastifyReply
}

/** Serves the files of a build: what has its content in its name is kept by browsers for good. */
export function dashboard(server: FastifyInstance, build: DashboardBuild, random: Random): Dashboard {
  const page = build.get(PAGE)?.plain.toString('utf8') ?? ''
  for (const [path, file] of build) {
    if (path === PAGE) continue
    const cached = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
    server.get(path, { schema: { hide: true } }, async ({ headers }, reply) => {
      const { encoding, bytes } = encodedFor(file, headers['accept-encoding'])
      if (encoding !== undefined) reply.header('content-encoding', encoding)
      return reply
        .headers({ ...SAFE, 'cache-control': cached, vary: 'accept-encoding' })
        .type(file.type)
        .send(bytes)
    })
  }
  return {
    isPageRequest: ({ method, headers }) => method === 'GET' && headers.accept?.includes('text/html') === true,
    sendPage(reply) {
      const nonce = Buffer.from(random.bytes(16)).toString('base64')
      return reply
        .headers({ ...SAFE, 'cache-control': 'no-store', 'content-security-policy': policy(nonce) })
        .type(TYPES['.html'] ?? '')
        .send(page.replaceAll(NONCE_PLACEHOLDER, nonce))
    },
  }
}

const SAFE = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
}

/** The page loads nothing from elsewhere, runs nothing that it was not built with, and is in no other page. */
function policy(nonce: string): string {
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function encodedFor({ plain, brotli, gzip }: BuiltFile, accepted: string | string[] | undefined) {
  const takes = (name: string) =>
    String(accepted ?? '')
      .split(',')
      .some((each) => each.trim().split(';')[0] === name)
  if (brotli !== undefined && takes('br')) return { encoding: 'br', bytes: brotli }
  if (gzip !== undefined && takes('gzip')) return { encoding: 'gzip', bytes: gzip }
  return { encoding: undefined, bytes: plain }
}
