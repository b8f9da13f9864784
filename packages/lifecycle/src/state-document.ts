import { AMORO_PROCESS_STATUS, AMORO_TABLE_STATUS, AMORO_TASK_STATUS, type AmoroTableStatus } from './amoro-words.ts'
import { OPTIMIZER_NOTES, OPTIMIZER_TRANSITIONS } from './optimizer-status.ts'
import { PROCESS_NOTES, PROCESS_TRANSITIONS } from './process-status.ts'
import { RESOURCE_NOTES, RESOURCE_TRANSITIONS } from './resource-status.ts'
import { TABLE_NOTES, TABLE_TRANSITIONS } from './table-phase.ts'
import { TASK_NOTES, TASK_TRANSITIONS } from './task-status.ts'
import { type StateNote, type TransitionTable, terminalStatuses } from './transition-table.ts'

/** The text of `docs/specs/states.md`: every machine as a diagram and a table, generated so that it cannot be wrong. */
export function stateDocument(): string {
  const sections = [
    section('Table', 'idle', TABLE_TRANSITIONS, TABLE_NOTES, {
      ...mapValues(AMORO_TABLE_STATUS, word),
      executing: (['full', 'major', 'minor'] as const).map((type) => word(AMORO_TABLE_STATUS[type])).join(', '),
    }),
    section('Process', 'executing', PROCESS_TRANSITIONS, PROCESS_NOTES, AMORO_PROCESS_STATUS),
    section('Task', 'planned', TASK_TRANSITIONS, TASK_NOTES, AMORO_TASK_STATUS),
    section('Optimizer', 'active', OPTIMIZER_TRANSITIONS, OPTIMIZER_NOTES),
    section('Resource', 'requested', RESOURCE_TRANSITIONS, RESOURCE_NOTES),
  ]
  return `${INTRODUCTION}\n${sections.join('\n')}`
}

const INTRODUCTION = `# States

Generated from \`packages/lifecycle/src\` by \`scripts/write-states.ts\`; a test fails when this file is out of date.

A table is in one phase; while it executes or commits, one process owns it. A process owns its tasks. A task that is
scheduled or acked belongs to one thread of one optimizer and carries the number of that attempt. A resource is an
optimizer that a container was asked for.
`

function section<Status extends string>(
  title: string,
  initial: Status,
  table: TransitionTable<Status, string>,
  notes: Readonly<Record<Status, StateNote>>,
  amoro?: Readonly<Record<Status, string>>,
): string {
  const statuses = Object.keys(table) as Status[]
  const headings = ['state', 'meaning', 'who moves it on', 'if nobody does', ...(amoro ? ['in Amoro'] : [])]
  const rows = statuses.map((status) => {
    const { meaning, owner, deadline } = notes[status]
    return [status, meaning, owner, deadline, ...(amoro ? [amoro[status]] : [])]
  })
  return [`## ${title}\n`, stateDiagram(initial, table), markdownTable(headings, rows)].join('\n')
}

function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[], fill: string) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |\n`
  return [
    line(headings, ' '),
    line(
      headings.map(() => ''),
      '-',
    ),
    ...rows.map((row) => line(row, ' ')),
  ].join('')
}

/** A Mermaid state diagram of one machine. */
function stateDiagram<Status extends string>(initial: Status, table: TransitionTable<Status, string>): string {
  const edges = (Object.keys(table) as Status[]).flatMap((from) =>
    Object.entries(table[from]).map(([event, to]) => `  ${from} --> ${to}: ${event}`),
  )
  const ends = terminalStatuses(table).map((status) => `  ${status} --> [*]`)
  return ['```mermaid', 'stateDiagram-v2', `  [*] --> ${initial}`, ...edges, ...ends, '```', ''].join('\n')
}

function word({ name, code }: AmoroTableStatus): string {
  return `${name} ${code}`
}

function mapValues<K extends string, V, R>(record: Readonly<Record<K, V>>, map: (value: V) => R): Record<K, R> {
  return Object.fromEntries(Object.entries<V>(record).map(([key, value]) => [key, map(value)])) as Record<K, R>
}
