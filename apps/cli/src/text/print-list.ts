import type { Page } from '@moraine/catalogs/page'
import { MoraineError } from '@moraine/stdx/error'

export type ListForm<T> = {
  readonly json: boolean
  readonly toJson: (item: T) => unknown
  readonly toText: (item: T) => string
}

export type ListOutput = {
  readonly print: (text: string) => void
  readonly formatJson: (value: unknown) => string
}

/**
 * Prints a list page by page, holding one page: a line per item, or one JSON array with a line per item.
 *
 * @throws {MoraineError} `corrupt` if a page is followed by itself
 */
export async function printList<T>(
  list: (page: string | undefined) => Promise<Page<T>>,
  { json, toJson, toText }: ListForm<T>,
  { print, formatJson }: ListOutput,
): Promise<void> {
  let page: string | undefined
  let before = json ? '[\n' : ''
  do {
    const { items, nextPage } = await list(page)
    const lines = items.map((item) => (json ? formatJson(toJson(item)) : toText(item)))
    if (lines.length > 0) {
      print(`${before}${lines.join(json ? ',\n' : '\n')}${json ? '' : '\n'}`)
      before = json ? ',\n' : ''
    }
    if (nextPage !== undefined && nextPage === page) {
      throw new MoraineError('corrupt', `the catalog's list does not go on: page ${page} is followed by itself`)
    }
    page = nextPage
  } while (page !== undefined)
  if (json) print(before === ',\n' ? '\n]\n' : '[]\n')
}
