import { asError, MoraineError } from '@moraine/stdx/error'
import type { FastifyInstance } from 'fastify'
import { textOfBody } from '../../requests/request-body.ts'

/** Takes bodies in JSON and nothing else: other content types are 415. An empty body is none. */
export function jsonBodies(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error')
  server.removeAllContentTypeParsers()
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined)
    try {
      const text = textOfBody(body)
      return parse(request, text, (error, value) => done(error === null ? null : (poisoned(text) ?? error), value))
    } catch (error) {
      return done(asError(error), undefined)
    }
  })
}

/** What is JSON and was refused nevertheless: keys by which an object would become another one. */
function poisoned(text: string): MoraineError | undefined {
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  return new MoraineError(
    'invalid-input',
    'the request body has a key __proto__, or constructor with a prototype; no such keys are taken',
    { context: { entity: 'request' } },
  )
}
