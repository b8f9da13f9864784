import { Badge, Card, ScrollArea, Table, Text, Title } from '@mantine/core'
import type { OptimizingProcessBody } from '@moraine/api/rest/process-schemas'
import { useQuery } from '@tanstack/react-query'
import { type TableKey, tableProcessesQuery } from '../../api/queries.ts'
import { useMessages } from '../../i18n/language.tsx'
import { AsyncView } from '../../ui/async-view.tsx'
import { useFormats } from '../../ui/use-formats.ts'

/** What was done to the table, the last first, with what it had before and after. */
export function ProcessList({ of }: { readonly of: TableKey }) {
  const { table } = useMessages()
  const processes = useQuery(tableProcessesQuery(of))
  return (
    <Card withBorder padding="lg">
      <Title order={2} size="h4" mb="sm">
        {table.processes}
      </Title>
      <AsyncView query={processes}>
        {({ list }) =>
          list.length === 0 ? <Text c="dimmed">{table.noProcesses}</Text> : <ProcessTable processes={list} />
        }
      </AsyncView>
    </Card>
  )
}

function ProcessTable({ processes }: { readonly processes: readonly OptimizingProcessBody[] }) {
  const { table } = useMessages()
  const formats = useFormats()
  const heads = [table.started, table.kind, table.outcome, table.took, table.tasks, table.input, table.output]
  return (
    <ScrollArea>
      <Table miw={720}>
        <Table.Thead>
          <Table.Tr>
            {heads.map((head) => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {processes.map((process) => (
            <Table.Tr key={process.processId}>
              <Table.Td>{formats.moment(process.startTime)}</Table.Td>
              <Table.Td>{process.optimizingType}</Table.Td>
              <Table.Td>
                <Outcome process={process} />
              </Table.Td>
              <Table.Td>{formats.duration(process.duration)}</Table.Td>
              <Table.Td>
                {formats.count(process.successTasks)} / {formats.count(process.totalTasks)}
              </Table.Td>
              <Table.Td>
                {formats.count(process.inputFiles.fileCnt)} · {formats.bytes(process.inputFiles.totalSize)}
              </Table.Td>
              <Table.Td>
                {formats.count(process.outputFiles.fileCnt)} · {formats.bytes(process.outputFiles.totalSize)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  )
}

const COLORS: Readonly<Record<string, string>> = { SUCCESS: 'teal', RUNNING: 'blue', FAILED: 'red' }

function Outcome({ process: { status, state, failReason } }: { readonly process: OptimizingProcessBody }) {
  return (
    <>
      <Badge variant="light" tt="none" color={COLORS[status] ?? 'gray'}>
        {state.status}
      </Badge>
      {failReason === null ? null : (
        <Text size="xs" c="dimmed" maw={360}>
          {failReason}
        </Text>
      )}
    </>
  )
}
