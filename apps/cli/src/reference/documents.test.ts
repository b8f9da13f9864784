import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ERROR_CODES } from '@moraine/api/error-codes'
import { processContext } from '../commands/command-context.ts'
import { leafCommands, moraineProgram } from '../commands/moraine-program.ts'
import { cliDocument } from './cli-document.ts'
import { EXAMPLES } from './examples.ts'
import { exitCodesDocument } from './exit-codes-document.ts'

const context = processContext(new AbortController().signal)
const program = () => moraineProgram(context)
const committed = (name: string) => readFileSync(new URL(`../../../../docs/reference/${name}`, import.meta.url), 'utf8')

test('the reference is current: scripts/write-cli.ts writes it', () => {
  assert.equal(committed('cli.md'), cliDocument(program()))
  assert.equal(committed('exit-codes.md'), exitCodesDocument())
})

test('every kind of failure has its row among the exit codes', () => {
  const text = exitCodesDocument()
  for (const kind of Object.keys(ERROR_CODES)) assert.ok(text.includes(`\`${kind}\``), kind)
})

test('every command has an example, and no example lost its command', () => {
  const names = leafCommands(program()).map(({ name }) => name)
  assert.deepEqual(Object.keys(EXAMPLES).sort(), names.toSorted())
})

for (const [name, example] of Object.entries(EXAMPLES)) {
  test(`the example is a use of its command: ${example}`, async () => {
    const ran: string[] = []
    const parsed = program()
    for (const leaf of leafCommands(parsed)) {
      leaf.command.exitOverride().action(() => {
        ran.push(leaf.name)
      })
    }
    await parsed.parseAsync(argumentsOf(example), { from: 'user' })
    assert.deepEqual(ran, [name])
  })
}

/** As a shell takes them apart, up to what comes after the command. */
function argumentsOf(line: string): readonly string[] {
  const words = [...(line.split(' && ')[0]?.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [])].map(([word]) => word)
  return words.slice(1).map((word) => word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'))
}
