import type { Command } from 'commander'
import { leafCommands } from '../commands/moraine-program.ts'
import { EXAMPLES } from './examples.ts'

/** docs/reference/cli.md: every command as its help has it, with its example. */
export function cliDocument(program: Command): string {
  const sections = leafCommands(program).map(({ name, command }) => sectionOf(name, command))
  return [INTRODUCTION, ...sections].join('\n')
}

const INTRODUCTION = `# Command line

Generated from the definitions of the commands (\`apps/cli/src/commands\`) by \`scripts/write-cli.ts\`; a test fails when this
file is out of date. How a command ends: [exit codes](exit-codes.md). \`moraine --help\` and \`moraine COMMAND --help\` show the
same.
`

function sectionOf(name: string, command: Command): string {
  const lines = [`## moraine ${name}`, '', `${capitalized(command.description())}.`, '']
  lines.push('```sh', EXAMPLES[name] ?? '', '```', '')
  const rows = [
    ...command.registeredArguments.map((each) => [
      each.required ? `<${each.name()}>` : `[${each.name()}]`,
      each.description,
    ]),
    ...command.options.map((each) => [each.flags, optionText(each)]),
  ]
  lines.push('| argument or option | what |', '| --- | --- |')
  for (const [what = '', text = ''] of rows) lines.push(`| \`${what}\` | ${cell(text)} |`)
  return `${lines.join('\n')}\n`
}

function optionText({ description, argChoices, defaultValue, mandatory }: Command['options'][number]): string {
  const more = [
    ...(mandatory ? ['required'] : []),
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(typeof defaultValue === 'string' ? [`default: ${defaultValue}`] : []),
  ]
  return more.length === 0 ? description : `${description} (${more.join('; ')})`
}

/** Angle brackets and bars would be markup. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
