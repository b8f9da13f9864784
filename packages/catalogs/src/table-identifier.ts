/** A namespace is a list of levels, none of them empty; the root has none. */
export type Namespace = readonly string[]

export type TableIdentifier = { readonly namespace: Namespace; readonly name: string }

/** For messages only: levels may contain dots, so the text cannot be taken apart again. */
export function formatIdentifier({ namespace, name }: TableIdentifier): string {
  return [...namespace, name].join('.')
}
