import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MoraineError } from '@moraine/stdx/error'
import Fastify, { type FastifyError } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { sendError } from './send-error.ts'

async function refusal(schema: TSchema, payload: unknown): Promise<string> {
  const server = Fastify()
  server.setErrorHandler((error: FastifyError | MoraineError, request, reply) =>
    sendError(error, request, reply, () => {}),
  )
  server.post('/', { schema: { body: schema } }, () => 'taken')
  const headers = { 'content-type': 'application/json' }
  const answer = await server.inject({ method: 'POST', url: '/', headers, payload: JSON.stringify(payload) })
  assert.equal(answer.statusCode, 400)
  return answer.json().message
}

const ROLE = Type.Union([Type.Literal('viewer'), Type.Literal('admin')])
const GRANT = Type.Object({ role: ROLE, place: Type.Optional(Type.Union([Type.Object({}), Type.Null()])) })
const BODY = Type.Object(
  {
    grants: Type.Array(GRANT, { minItems: 1, maxItems: 2, uniqueItems: true }),
    threads: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 3 })),
    'a/b': Type.Optional(Type.Array(Type.Boolean())),
    kind: Type.Optional(Type.Enum(['one', 'other'])),
    only: Type.Optional(Type.Literal('this')),
  },
  { additionalProperties: Type.Number() },
)

test('what does not fit is told by its place and by what it must be', async () => {
  const viewer = { role: 'viewer' }
  const grants = [viewer]
  for (const [payload, message] of [
    [['no object'], 'the request body must be an object'],
    [{}, 'request body: grants is missing'],
    [{ grants: [viewer, {}] }, 'request body: grants[1].role is missing'],
    [{ grants: [{ role: 'god' }] }, 'request body: grants[0].role must be one of viewer, admin'],
    [{ grants: [{ role: 'admin', place: [1, 2] }] }, 'request body: grants[0].place must be an object or null'],
    [{ grants: [] }, 'request body: grants must have at least 1 entry'],
    [{ grants: [viewer, viewer, viewer] }, 'request body: grants must have at most 2 entries'],
    [{ grants: [viewer, viewer] }, 'request body: grants must not have an entry twice'],
    [{ grants: 'all' }, 'request body: grants[0] must be an object'],
    [{ grants, threads: 'few' }, 'request body: threads must be a whole number'],
    [{ grants, threads: 0 }, 'request body: threads must be at least 1'],
    [{ grants, threads: 10 }, 'request body: threads must be at most 9'],
    [{ grants, name: '' }, 'request body: name must have at least 1 character'],
    [{ grants, name: 'long' }, 'request body: name must have at most 3 characters'],
    [{ grants, 'a/b': [true, 'maybe'] }, 'request body: a/b[1] must be true or false'],
    [{ grants, kind: 'none' }, 'request body: kind must be one of one, other'],
    [{ grants, only: 'that' }, 'request body: only must be this'],
    [{ grants, more: 'much' }, 'request body: more must be a number'],
  ] as const)
    assert.equal(await refusal(BODY, payload), message)
})
