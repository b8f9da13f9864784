import type { MemberLog } from './crew.ts'

/** What a log may say at the levels of warnings and errors, and which deeds explain it. */
type Expected = { readonly message: RegExp; readonly because: string }

const EXPECTED_OF_SERVERS: readonly Expected[] = [
  { message: /^the post of the service could not be renewed; it is tried again$/, because: 'the database is away' },
  { message: /^the post of the service is left to run out$/, because: 'the database is away while a server stops' },
  { message: /^it is not known who has the post of the service; it is asked again$/, because: 'the database is away' },
  { message: /^the other servers could not be told that this one is there$/, because: 'the database is away' },
  { message: /^this server does not lead any more$/, because: 'it was stopped, or cut off, and another has the post' },
  { message: /^this server cannot lead; it tries again$/, because: 'the database is away at the start of a term' },
  { message: /^clients are not told how this server is reached$/, because: 'the database is away' },
  { message: /^a reconciler failed and will run again$/, because: 'the database is away' },
  { message: /^a table could not be refreshed$/, because: 'the database, where its pointer is, is away' },
  { message: /^a failed refresh could not be recorded$/, because: 'the database is away' },
  { message: /^a catalog could not be listed$/, because: 'the database is away' },
  { message: /^a database could not be listed$/, because: 'the database is away' },
  { message: /^a plan could not be recorded and will be made again$/, because: 'the database is away' },
  { message: /^planning failed$/, because: 'the database, where the pointer is, is away' },
  { message: /^a commit could not be recorded and will be tried again$/, because: 'the database is away' },
  { message: /^a commit is not settled yet$/, because: 'the database is away, and may have made it' },
  { message: /^tasks could not be handed out$/, because: 'the database is away' },
  { message: /^why a task is not handed out could not be recorded$/, because: 'the database is away' },
  { message: /^tasks are not handed out for now; access to the files is asked for again$/, because: 'so it is' },
  { message: /^an optimizer is lost$/, because: 'it was killed or stopped' },
  { message: /^a task was taken back$/, because: 'its optimizer was killed or stopped' },
  { message: /^a call of an optimizer failed$/, because: 'the database is away' },
  { message: /^a call failed$/, because: 'the database is away, or the optimizer' },
  { message: /^a request failed$/, because: 'the database is away' },
  { message: /^an answer was not kept; the same request would be made again$/, because: 'the database is away' },
  { message: /^an output could not be deleted$/, because: 'the database, where the pointer is, is away' },
  { message: /^changes were not noticed; the tables are looked at in their turn$/, because: 'the database is away' },
  { message: /^the others hear with the next heartbeat how this server is reached$/, because: 'the database is away' },
  {
    message: /^a client speaks TLS, and the port for optimizers is without: /,
    because: 'an optimizer that a killed server cut off before its first answer finds out in which way it speaks',
  },
  { message: /^clients did not take their answers, and were disconnected$/, because: 'they were cut off' },
]

/** That a failure is of our own making, whatever the line is about. */
const OUR_FAULT =
  /TypeError|RangeError|ReferenceError|SyntaxError|AssertionError|\binternal\b|assert|illegal|unreachable/i

/** How a connection to the database ends, by the words of its driver; while none answers, those who wait use up the rest. */
const DATABASE_AWAY =
  'postgres://\\S+: .*(Connection terminated|ECONNREFUSED|ECONNRESET|terminating connection|timeout|the database system is|all \\d+ connections were in use for|no connection within|Client has encountered a connection error)'

/** Of the leash of each process. */
const KILLED = /^\S+leash\.sh: line \d+: +\d+ Killed/

/** A server that cannot reach its database when it starts says so and ends; whoever runs it starts it again. */
const NOT_STARTED = new RegExp(`^moraine: ${DATABASE_AWAY}`)

const EXPECTED_OF_OPTIMIZERS: readonly Expected[] = [
  { message: /the service is (lost|not reached|back|reached)/, because: 'servers are killed' },
  { message: /no service for /, because: 'servers are killed' },
  { message: /registered in group/, because: 'it starts, or was taken for lost' },
  { message: /^optimizer \S+: task \d+\/\d+: done$/, because: 'it works' },
  {
    message: /^optimizer \S+: task \d+\/\d+: the DuckDB child process ended: (SIGKILL|write EPIPE)\. /,
    because: 'so it was',
  },
  {
    message: /^optimizer \S+: task \d+\/\d+: the result is dropped, the service has forgotten this optimizer$/,
    because: 'it was stopped, and taken for lost',
  },
  {
    message: /^optimizer \S+: task \d+\/\d+: the result is (given up|refused): /,
    because: 'it was stopped, its task was taken back, or nobody took the result in time',
  },
  { message: /^optimizer \S+: task \d+\/\d+ is not begun: /, because: 'it was stopped, and taken for lost' },
  { message: /^optimizer \S+: task \d+\/\d+ is (no longer wanted|given up)$/, because: 'it was taken back meanwhile' },
  { message: /^optimizer \S+: no more tasks are taken, those that run may end: it is told to stop$/, because: 'it is' },
  { message: /^optimizer \S+: (leaving|draining): /, because: 'it is stopped while the leader is away' },
  {
    message: /^optimizer \S+: (thread \d+|heartbeat)(, for [^:]+)?: .*another server leads now$/,
    because: 'the leader was stopped, or cut off, and told so when it came back',
  },
  {
    message: new RegExp(`^optimizer \\S+: (thread \\d+|heartbeat|task \\d+/\\d+)(, for [^:]+)?: ${DATABASE_AWAY}`),
    because: 'a server says that the database is away',
  },
]

/** Lines that no deed explains; what is explained is counted in `counts`. */
export function unexplainedLines(logs: readonly MemberLog[], counts: Map<string, number>): readonly string[] {
  return logs.flatMap(({ name, lines }) => {
    const expected = name.startsWith('server') ? EXPECTED_OF_SERVERS : EXPECTED_OF_OPTIMIZERS
    const hasStarted = lines.some((line) => LISTENS.test(line))
    return lines.flatMap((line) => {
      const message = troubleOf(line)
      if (message === undefined || KILLED.test(line) || (!hasStarted && NOT_STARTED.test(line))) return []
      const isExplained = expected.some((each) => each.message.test(message)) && !OUR_FAULT.test(failureOf(line))
      if (!isExplained) return [`${name}: ${line}`]
      const kind = message.replace(/\S*\d\S*/g, '*')
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
      return []
    })
  })
}

const LISTENS = /^moraine listens on /

/** The message of a line that is a warning or worse; whatever is not of the logger's form is one. */
function troubleOf(line: string): string | undefined {
  const record = recordOf(line)
  if (record === undefined) return LISTENS.test(line) || line === '' ? undefined : line
  return record.level >= 40 ? record.msg : undefined
}

function failureOf(line: string): string {
  const { failure, reason } = recordOf(line) ?? {}
  return `${failure ?? ''} ${reason ?? ''}`
}

type Line = { readonly level: number; readonly msg: string; readonly failure?: unknown; readonly reason?: unknown }

function recordOf(line: string): Line | undefined {
  try {
    const value = JSON.parse(line) as Partial<Line> | null
    return typeof value?.level === 'number' && typeof value.msg === 'string' ? (value as Line) : undefined
  } catch {
    return undefined
  }
}
