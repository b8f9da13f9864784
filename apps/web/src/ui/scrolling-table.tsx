import { ScrollArea, Table } from '@mantine/core'
import type { ReactNode } from 'react'

export type ScrollingTableProps = {
  readonly name: string
  readonly heads: readonly string[]
  /** Narrower windows scroll. */
  readonly minWidth: number
  /** Rows. */
  readonly children: ReactNode
}

/** A table that scrolls sideways in a narrow window, by the keyboard, too. */
export function ScrollingTable({ name, heads, minWidth, children }: ScrollingTableProps) {
  return (
    <ScrollArea viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': name }}>
      <Table miw={minWidth}>
        <Table.Thead>
          <Table.Tr>
            {heads.map((head) => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </ScrollArea>
  )
}
