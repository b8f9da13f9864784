import { VERSION } from '@moraine/stdx/version'
import { Command } from 'commander'
import { EXAMPLES } from '../reference/examples.ts'
import { addCatalogCommands } from './catalog-commands.ts'
import type { CommandContext } from './command-context.ts'
import { addGroupCommands } from './group-commands.ts'
import { addNamespaceCommands } from './namespace-commands.ts'
import { addPrincipalCommands } from './principal-commands.ts'
import { addServiceCommands } from './service-commands.ts'
import { addTableCommands } from './table-commands.ts'
import { addDoctorCommand, addTableWorkCommands } from './table-work-commands.ts'
import { addViewCommands } from './view-commands.ts'

/** The command line. What a command needs is loaded when it runs: help should not wait for a database to load. */
export function moraineProgram(context: CommandContext): Command {
  const program = new Command('moraine')
    .description('Keeps lake tables fast and cheap.')
    .version(VERSION)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(usageErrorLine(text)) })
  addServiceCommands(program, context)
  const table = program.command('table').description('work on one table, with or without a service')
  addTableWorkCommands(table, context)
  addDoctorCommand(program, context)
  addTableCommands(table, context)
  addViewCommands(program, context)
  addNamespaceCommands(program, context)
  addGroupCommands(program, context)
  addCatalogCommands(program, context)
  addPrincipalCommands(program, context)
  for (const { name, command } of leafCommands(program)) {
    const example = EXAMPLES[name]
    if (example !== undefined) command.addHelpText('after', `\nExample:\n  ${example}`)
  }
  return program
}

/** As all failures are told: commander says `error: ...`, and what it may have meant in a line of its own. */
function usageErrorLine(text: string): string {
  const words = text.trim().replace(/^error: /, '')
  return `moraine: ${words.replaceAll(/\s*\n\s*/g, ' ')}\n`
}

export type LeafCommand = { readonly name: string; readonly command: Command }

/** Those that do something, by their full names without `moraine`, in the order of their definition. */
export function leafCommands(parent: Command, path: readonly string[] = []): readonly LeafCommand[] {
  return parent.commands.flatMap((command) => {
    const name = [...path, command.name()]
    return command.commands.length === 0 ? [{ name: name.join(' '), command }] : leafCommands(command, name)
  })
}
