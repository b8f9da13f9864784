import type { en } from './en.ts'

/** The same in every language: what one lacks does not compile. */
export type Messages = Widened<typeof en>

type Widened<T> = {
  readonly [Name in keyof T]: T[Name] extends string
    ? string
    : T[Name] extends (...values: infer Values) => string
      ? (...values: Values) => string
      : Widened<T[Name]>
}
