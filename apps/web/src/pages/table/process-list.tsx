import { Card, Table, Text, Title } from '@mantine/core'
import type { OptimizingProcessBody } from '@moraine/api/rest/process-schemas'
import { useQuery } from '@tanstack/react-query'
import { type TableKey, tableProcessesQuery } from '../../api/queries.ts'
import { useMessages } from '../../i18n/language.tsx'
import { AsyncView } from '../../ui/async-view.tsx'
import { ScrollingTable } from '../../ui/scrolling-table.tsx'
import { type Tone, ToneBadge } from '../../ui/tone.tsx'
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
  const files = ({ fileCnt, totalSize }: OptimizingProcessBody['inputFiles']) =>
    `${formats.count(fileCnt)} · ${formats.bytes(totalSize)}`
  return (
    <ScrollingTable
      name={table.processes}
      heads={[table.started, table.kind, table.outcome, table.took, table.tasks, table.input, table.output]}
      minWidth={720}
    >
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
          <Table.Td>{files(process.inputFiles)}</Table.Td>
          <Table.Td>{files(process.outputFiles)}</Table.Td>
        </Table.Tr>
      ))}
    </ScrollingTable>
  )
}

const TONES: Readonly<Record<string, Tone>> = { SUCCESS: 'good', RUNNING: 'busy', FAILED: 'bad' }

function Outcome({ process: { status, state, failReason } }: { readonly process: OptimizingProcessBody }) {
  return (
    <>
      <ToneBadge tone={TONES[status] ?? 'still'}>{state.status}</ToneBadge>
      {failReason === null ? null : (
        <Text size="xs" c="dimmed" maw={360}>
          {failReason}
        </Text>
      )}
    </>
  )
}
