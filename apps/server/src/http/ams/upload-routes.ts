import { errorEnvelope } from '@moraine/api/rest/envelope'
import { keptUpload, uploadContent, uploadForm, uploadParams } from '@moraine/api/rest/upload-schemas'
import { isHadoopSite } from '@moraine/management/catalogs/hadoop-site'
import type { UploadedFile } from '@moraine/management/catalogs/uploaded-file'
import type { Stores } from '@moraine/management/store/stores'
import { later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FastifyRequest } from 'fastify'
import { type ApiServer, answers, success } from './route-types.ts'

export type UploadRoutesDeps = {
  readonly stores: Pick<Stores, 'files'>
  readonly clock: Clock
  readonly random: Random
}

const tags = ['catalogs']

const FILE_BYTES_MAX = 1024 * 1024
/** With what multipart puts around a file. */
const BODY_BYTES_MAX = FILE_BYTES_MAX + 16 * 1024
const NAME_LENGTH_MAX = 255
/** The oldest give way: far more than the forms that are open at once. */
const FILES_MAX = 200
/** For the form that names it to be filled in, and sent again until it is right. */
const KEPT_MS = 24 * 3_600_000

/**
 * Amoro's uploads, for a scope of their own, since their bodies are no JSON. Ids are drawn, not counted: whoever may change one
 * catalog cannot guess the keytab of another.
 */
export function uploadRoutes(server: ApiServer, deps: UploadRoutesDeps): void {
  multipartBodies(server)
  sendRoute(server, deps)
  fetchRoute(server, deps)
}

function sendRoute(server: ApiServer, { stores: { files }, clock, random }: UploadRoutesDeps): void {
  server.post(
    '/files',
    {
      schema: {
        tags,
        summary: 'Send a file that a catalog will name, in a part named file',
        consumes: [MULTIPART],
        body: uploadForm,
        response: answers(keptUpload),
      },
      // What was read is a form, which no schema fits.
      validatorCompiler: () => () => true,
    },
    async (request) => {
      const now = clock.now()
      const { name, content } = await fileOf(request.body as unknown)
      const file: UploadedFile = { fileId: newFileId(random), name, content, expiresAt: later(now, KEPT_MS) }
      await files.addFile(file, now, FILES_MAX)
      return success({ id: file.fileId, url: `${server.prefix}/files/${file.fileId}` })
    },
  )
}

function fetchRoute(server: ApiServer, { stores: { files }, clock }: UploadRoutesDeps): void {
  server.get(
    '/files/:file',
    {
      schema: {
        tags,
        summary: 'A file that was sent, as it is',
        params: uploadParams,
        response: {
          200: { content: { [BYTES]: { schema: uploadContent } } },
          '4xx': errorEnvelope,
          '5xx': errorEnvelope,
        },
      },
    },
    async ({ params }, reply) => {
      const found = await files.findFile(params.file, clock.now())
      if (found === undefined) {
        throw new MoraineError(
          'not-found',
          `there is no uploaded file ${params.file}; each is forgotten after a day, or after ${FILES_MAX} others`,
        )
      }
      return reply
        .type(BYTES)
        .header('content-disposition', `attachment; filename*=UTF-8''${encodedName(found.name)}`)
        .header('x-content-type-options', 'nosniff')
        .header('cache-control', 'no-store')
        .send(Buffer.from(found.content, 'base64'))
    },
  )
}

const MULTIPART = 'multipart/form-data'
const BYTES = 'application/octet-stream'

function multipartBodies(server: ApiServer): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser<Buffer>(
    MULTIPART,
    { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX },
    async ({ headers }: FastifyRequest, body: Buffer) => {
      // JSON is sent by no page of another site unless it asks first; forms are.
      if (headers['sec-fetch-site'] === 'cross-site') {
        throw new MoraineError('permission', 'files are not taken from pages of other sites')
      }
      // The runtime's own reader of forms; the body is bounded.
      const form = new Response(Uint8Array.from(body), { headers: { 'content-type': headers['content-type'] ?? '' } })
      return form.formData().catch((cause: unknown) => {
        throw new MoraineError('invalid-input', `the body is not the ${MULTIPART} that it is said to be`, { cause })
      })
    },
  )
  server.addContentTypeParser('*', async () => {
    throw noFile()
  })
}

async function fileOf(form: unknown): Promise<Pick<UploadedFile, 'name' | 'content'>> {
  const file = form instanceof FormData ? form.get('file') : undefined
  if (!(file instanceof File)) throw noFile()
  const { name, size } = file
  if (size === 0 || size > FILE_BYTES_MAX || name.length > NAME_LENGTH_MAX) {
    throw new MoraineError(
      'invalid-input',
      `file: it has ${size} bytes and a name of ${name.length} characters; 1 to ${FILE_BYTES_MAX} and ${NAME_LENGTH_MAX} are taken`,
    )
  }
  const bytes = Buffer.from(await file.arrayBuffer())
  if (/\.xml$/i.test(name) && !isHadoopSite(bytes.toString('utf8'))) {
    throw new MoraineError('invalid-input', `file: ${JSON.stringify(name)} is no Hadoop configuration in XML`)
  }
  return { name, content: bytes.toString('base64') }
}

function noFile(): MoraineError {
  return new MoraineError('invalid-input', `send the file as ${MULTIPART}, in a part named file that has a file name`)
}

/** 48 bits: a number for clients that read it as one. */
function newFileId(random: Random): string {
  return String(Buffer.from(random.bytes(6)).readUIntBE(0, 6))
}

/** RFC 8187. */
function encodedName(name: string): string {
  return encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)
}
