import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommanderError } from 'commander'
import type { CommandContext } from './command-context.ts'
import { moraineProgram } from './moraine-program.ts'

test('arguments of no use are told in one line, as every failure is', async (context) => {
  const written: string[] = []
  context.mock.method(process.stderr, 'write', (text: string) => {
    written.push(text)
    return true
  })
  // No command comes to run.
  const program = () => moraineProgram({} as CommandContext)
  for (const [args, says] of [
    [['catalog', 'list', '--sever', 'x'], /^moraine: unknown option '--sever' \(Did you mean --server\?\)\n$/],
    [['table', 'lod'], /^moraine: unknown command 'lod' \(Did you mean load\?\)\n$/],
    [['table', 'load'], /^moraine: missing required argument [^\n]*\n$/],
    [['catalog', 'list', '--server'], /^moraine: option '--server [^\n]*' argument missing\n$/],
  ] as const) {
    written.length = 0
    await assert.rejects(program().parseAsync(args, { from: 'user' }), CommanderError)
    assert.match(written.join(''), says)
  }
})
