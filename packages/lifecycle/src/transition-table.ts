/** A state machine as plain data: for each status the events it accepts, and the status each leads to. */
export type TransitionTable<Status extends string, Event extends string> = {
  readonly [S in Status]: { readonly [E in Event]?: Status }
}

/** What a status means, for people and for the generated documents: nobody waits in a state without a way out. */
export type StateNote = {
  readonly meaning: string
  /** Who moves the thing on. */
  readonly owner: string
  /** What happens, and when, if nobody does. */
  readonly deadline: string
}

/** The status after the event, or `illegal`. */
export function nextStatus<Status extends string, Event extends string>(
  table: TransitionTable<Status, Event>,
  status: Status,
  event: Event,
): Status | 'illegal' {
  return table[status][event] ?? 'illegal'
}

/** Whether some event leads from one status to the other: the guard of stored changes. */
export function leadsTo<Status extends string>(
  table: TransitionTable<Status, string>,
  from: Status,
  to: Status,
): boolean {
  return Object.values<Status | undefined>(table[from]).includes(to)
}

/** The statuses that no event leaves. */
export function terminalStatuses<Status extends string, Event extends string>(
  table: TransitionTable<Status, Event>,
): readonly Status[] {
  return (Object.keys(table) as Status[]).filter((status) => Object.keys(table[status]).length === 0)
}

/**
 * The statuses for which a choice among all of them says `true`. Written with `satisfies Record<Status, boolean>`, a choice does
 * not compile until it says something of each status there is.
 */
export function chosenStatuses<Choice extends Readonly<Record<string, boolean>>>(
  choice: Choice,
): readonly ChosenStatus<Choice>[] {
  return (Object.keys(choice) as ChosenStatus<Choice>[]).filter((status) => choice[status] === true)
}

type ChosenStatus<Choice> = { [S in keyof Choice]: Choice[S] extends true ? S : never }[keyof Choice] & string

/** Whether the state has one of these statuses. */
export function hasStatus<State extends { readonly status: string }, Status extends string>(
  state: State,
  statuses: readonly Status[],
): state is Extract<State, { readonly status: Status }> {
  return (statuses as readonly string[]).includes(state.status)
}
