import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const PROGRAM = `
import { registerHooks } from 'node:module'
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === '@duckdb/node-api') process.stdout.write(context.parentURL + '\\n')
    return next(specifier, context)
  },
})
await import(process.argv[1])
`

test('a process that runs tasks leaves DuckDB to its children', async () => {
  const { href } = new URL('../execute-task.ts', import.meta.url)
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=development', '--input-type=module', '--eval', PROGRAM, href],
    { cwd: fileURLToPath(new URL('.', import.meta.url)) },
  )
  assert.equal(stdout, '')
})
