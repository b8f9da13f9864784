import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoraineError } from '@moraine/stdx/error'
import Fastify, { type FastifyError } from 'fastify'
import { sendError } from './send-error.ts'

test('failures of the service are logged; what it cannot do, and mistakes of clients, are not', async () => {
  const logged: unknown[] = []
  const server = Fastify()
  server.setErrorHandler((error: FastifyError | MoraineError, request, reply) =>
    sendError(error, request, reply, (failed) => void logged.push(failed)),
  )
  for (const kind of ['unsupported', 'invalid-input', 'internal'] as const) {
    server.get(`/${kind}`, () => Promise.reject(new MoraineError(kind, 'why')))
  }
  const statusOf = async (path: string) => (await server.inject(path)).statusCode
  assert.deepEqual([await statusOf('/unsupported'), await statusOf('/invalid-input'), logged], [501, 400, []])
  assert.deepEqual([await statusOf('/internal'), logged.length], [500, 1])
})
