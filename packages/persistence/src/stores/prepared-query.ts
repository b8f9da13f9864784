import type { Compilable, CompiledQuery, Kysely, QueryResult } from 'kysely'
import type { Database } from '../schema.ts'

type Run<Values extends readonly unknown[], Row> = (
  db: Kysely<Database>,
  ...values: Values
) => Promise<QueryResult<Row>>

/**
 * A query that is built and compiled once and then run with other values, for the few that every commit makes: building one
 * takes as long as SQLite takes to answer it. All databases that it is run on have to be of one engine.
 *
 * @param build is given stand-ins, which may only become parameters; one for each of its own parameters
 */
export function preparedQuery<Values extends readonly unknown[], Row>(
  build: (...values: Values) => Compilable<Row>,
): Run<Values, Row> {
  let compiled: CompiledQuery<Row> | undefined
  let places: readonly number[] = []
  return (db, ...values) => {
    if (compiled === undefined) {
      const standIns = values.map(() => Symbol('value'))
      compiled = build(...(standIns as unknown as Values)).compile()
      places = compiled.parameters.map((parameter) => standIns.indexOf(parameter as symbol))
    }
    const parameters = compiled.parameters.map((parameter, at) => {
      const place = places[at] ?? -1
      return place === -1 ? parameter : values[place]
    })
    return db.executeQuery({ ...compiled, parameters })
  }
}
