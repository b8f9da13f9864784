import { Card, Code, ScrollArea, Table, Title } from '@mantine/core'
import type { TableDetails } from '@moraine/api/rest/table-schemas'
import { useMessages } from '../../i18n/language.tsx'

export function ColumnList({ columns }: { readonly columns: TableDetails['schema'] }) {
  const { table } = useMessages()
  return (
    <Card withBorder padding="lg">
      <Title order={2} size="h4" mb="sm">
        {table.columns}
      </Title>
      <ScrollArea>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{table.column}</Table.Th>
              <Table.Th>{table.type}</Table.Th>
              <Table.Th>{table.required}</Table.Th>
              <Table.Th>{table.comment}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
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
          </Table.Tbody>
        </Table>
      </ScrollArea>
    </Card>
  )
}
