/** What a figure may be. A figure that is no number, since nothing was measured, keeps to none. */
export type Budget = { readonly atLeast: number } | { readonly atMost: number }

/** The table that a benchmark prints, line by line, and which of its budgets were missed. */
export type BudgetTable = {
  /** A line of figures, of which the first has to keep to the budget. */
  line(what: string, figures: readonly number[], budget?: Budget, digits?: number): void
  /** Says what was left out, and why; without it no budget is kept. */
  unmeasured(what: string): void
  /** The lines whose first figure missed its budget, and what was not measured. */
  missed(): readonly string[]
}

export function budgetTable(print: (line: string) => void): BudgetTable {
  const missed: string[] = []
  return {
    line(what, figures, budget, digits = 0) {
      const keeps = budget === undefined || keepsTo(figures[0], budget)
      if (!keeps) missed.push(what)
      const text = figures.map((figure) => (Number.isNaN(figure) ? '-' : figure.toFixed(digits))).join(' ')
      const verdict = budget === undefined ? '' : `${budgetText(budget)}${keeps ? '' : ', missed'}`
      print(`${what.padEnd(64)}${text.padStart(24)}  ${verdict}`.trimEnd())
    },
    unmeasured(what) {
      missed.push(what)
      print(what)
    },
    missed: () => missed,
  }
}

function keepsTo(figure: number | undefined, budget: Budget): boolean {
  if (figure === undefined || Number.isNaN(figure)) return false
  return 'atLeast' in budget ? figure >= budget.atLeast : figure <= budget.atMost
}

function budgetText(budget: Budget): string {
  return 'atLeast' in budget ? `>= ${budget.atLeast}` : `<= ${budget.atMost}`
}
