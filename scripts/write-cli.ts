import { writeFileSync } from 'node:fs'
import { processContext } from '@moraine/cli/commands/command-context'
import { moraineProgram } from '@moraine/cli/commands/moraine-program'
import { cliDocument } from '@moraine/cli/reference/cli-document'
import { exitCodesDocument } from '@moraine/cli/reference/exit-codes-document'

const program = moraineProgram(processContext(new AbortController().signal))
writeFileSync(new URL('../docs/reference/cli.md', import.meta.url), cliDocument(program))
writeFileSync(new URL('../docs/reference/exit-codes.md', import.meta.url), exitCodesDocument())
