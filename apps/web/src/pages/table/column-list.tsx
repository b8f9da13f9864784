import { Card, Code, Table, Title } from '@mantine/core'
import type { TableDetails } from '@moraine/api/rest/table-schemas'
import { useMessages } from '../../i18n/language.tsx'
import { ScrollingTable } from '../../ui/scrolling-table.tsx'

export function ColumnList({ columns }: { readonly columns: TableDetails['schema'] }) {
  const { table } = useMessages()
  return (
    <Card withBorder padding="lg">
      <Title order={2} size="h4" mb="sm">
        {table.columns}
      </Title>
      <ScrollingTable
        name={table.columns}
        heads={[table.column, table.type, table.required, table.comment]}
        minWidth={480}
      >
        {columns.map(({ field, type, required, comment }) => (
          <Table.Tr key={field}>
            <Table.Td>{field}</Table.Td>
            <Table.Td>
              <Code>{type}</Code>
            </Table.Td>
            <Table.Td>{required ? table.yes : table.no}</Table.Td>
            <Table.Td>{comment}</Table.Td>
          </Table.Tr>
        ))}
      </ScrollingTable>
    </Card>
  )
}
