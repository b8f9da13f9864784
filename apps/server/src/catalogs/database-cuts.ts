import type { Namespace } from '@moraine/catalogs/table-identifier'

/**
 * The namespaces that a database's name (`databaseName`) may stand for: its levels are joined with dots, and may have dots
 * themselves. In the order in which they are tried: all of it as one level, as Amoro's are; then the shorter the first level
 * the sooner, so that every dot parts two levels in the second one. Levels are never empty. A name with n dots has up to 2^n
 * of them: take no more than are needed.
 */
export function* databaseCuts(name: string): Generator<Namespace, void, undefined> {
  yield [name]
  yield* cutsInSeveral(name)
}

function* cutsInSeveral(text: string): Generator<Namespace, void, undefined> {
  for (let dot = text.indexOf('.'); dot !== -1; dot = text.indexOf('.', dot + 1)) {
    const [first, rest] = [text.slice(0, dot), text.slice(dot + 1)]
    if (first === '' || rest === '') continue
    for (const levels of cutsInSeveral(rest)) yield [first, ...levels]
    yield [first, rest]
  }
}
