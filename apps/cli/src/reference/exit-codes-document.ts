import { kindsOfExitCode } from '@moraine/client/exit-code'
import { STOPPED_CODES } from '../commands/stop-signal.ts'

/** docs/reference/exit-codes.md: what the command line ends with, and for which kinds of failure. */
export function exitCodesDocument(): string {
  const failures = CODES.map(
    ([code, meaning]) =>
      `| ${code} | ${meaning} | ${kindsOfExitCode(code)
        .map((kind) => `\`${kind}\``)
        .join(', ')} |`,
  )
  const stopped = Object.entries(STOPPED_CODES).map(
    ([signal, code]) => `| ${code} | stopped by ${signal} before it was done, in order; at once if that came twice | |`,
  )
  return [
    INTRODUCTION,
    '| code | meaning | kinds of failure |',
    '| --- | --- | --- |',
    '| 0 | done; of `serve`, `start` and `optimizer` also: ended in order when asked to | |',
    ...failures,
    ...stopped,
    '',
    NOTES,
  ].join('\n')
}

const CODES = [
  [1, 'failed; of `table exists`: there is no such table, and nothing else'],
  [2, 'wrong usage: the command, or what it was given, makes no sense; nothing was done'],
  [
    3,
    'no answer, or none in time: the service, a catalog or a store; the same command may succeed later. Of `table exists`: it could not be found out',
  ],
  [4, 'not allowed: nobody said who asks, or whoever asks may not'],
] as const

const INTRODUCTION = `# Exit codes

Generated from \`packages/api/src/error-codes.ts\` by \`scripts/write-cli.ts\`; a test fails when this file is out of date.
`

const NOTES = `Why a command failed is said in one line on standard error, which begins with \`moraine:\`. Standard output has results alone.

\`\`\`sh
moraine table exists sales.orders --catalog lake
case $? in
  0) echo there ;;
  1) echo not there ;;
  *) echo not known ;;
esac
\`\`\`
`
