import { AMORO_CONTAINER_CLASS, type ContainerKind, URL_PROPERTY } from './container-config.ts'
import type { Setting } from './setting.ts'
import { KEYS_WITHOUT_EFFECT, SETTINGS } from './settings.ts'

/** The text of `docs/specs/settings.md`, generated so that it cannot be wrong. */
export function settingsDocument(): string {
  const rows = Object.values<Setting<unknown>>(SETTINGS).map(({ key, defaultText, meaning }) => [
    `\`${key}\``,
    `\`${defaultText}\``,
    meaning,
  ])
  return `${INTRODUCTION}
${table([['key', 'default', 'meaning'], ...rows])}
## Containers

What launches optimizers stands in the same file, below \`containers:\` beside \`ams:\`, as in Amoro: a list of \`name\`,
\`container-impl\` and \`properties\`. [Optimizers](../guides/optimizers.md) says what they are for.

${table([['container-impl', "Amoro's class", 'properties'], ...Object.entries(AMORO_CONTAINER_CLASS).map(containerRow)])}
## Keys of Amoro without effect

They are accepted with a warning, so that a configuration can be taken over as it is.

${KEYS_WITHOUT_EFFECT.map((key) => `- \`${key}\``).join('\n')}
`
}

function containerRow([kind, amoroClass]: readonly [string, string]): readonly string[] {
  const own = CONTAINER_PROPERTIES[kind as ContainerKind]
  return [
    `\`${kind}\``,
    amoroClass === kind ? '' : `\`${amoroClass}\``,
    `${own}\`${URL_PROPERTY}\`: where optimizers register`,
  ]
}

const CONTAINER_PROPERTIES = {
  local: '`export.NAME`: a variable of the optimizers; ',
  external: '',
  kubernetes: 'those of [its guide](../guides/kubernetes.md); ',
} as const satisfies Record<ContainerKind, string>

const INTRODUCTION = `# Settings

Generated from \`apps/server/src/config/settings.ts\` by \`scripts/write-settings.ts\`; a test fails when this file is
out of date.

Keys stand below \`ams:\` in the file that \`serve\` and \`start\` are given as \`--config\`, as a tree or with dots. A
variable of the environment wins over the file, and an option such as \`--port\` over both:
\`MORAINE_HTTP__SERVER_BIND__PORT\`, or \`AMS_HTTP__SERVER_BIND__PORT\` as in Amoro, is \`http-server.bind-port\`: two
underscores are a dash, one is a dot. Durations are whole numbers with \`ms\`, \`s\`, \`min\`, \`h\` or \`d\`, or with
Amoro's longer words for these (\`sec\`, \`30 seconds\`, \`1 day\`; no bare \`m\`), and milliseconds without a
unit. An unknown key is named in a warning with the nearest one that is known.
`

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[], fill = ' ') =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |\n`
  const [head = [], ...body] = rows
  const rule = line(
    head.map(() => ''),
    '-',
  )
  return [line(head), rule, ...body.map((row) => line(row))].join('')
}
