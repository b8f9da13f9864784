import { Card, Group, Pagination, Progress, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import type { TableEntry } from '@moraine/api/rest/table-schemas'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { QUEUE_PAGE, queueQuery } from '../../api/resource-queries.ts'
import { useMessages } from '../../i18n/language.tsx'
import { AsyncView } from '../../ui/async-view.tsx'
import { HealthMark } from '../../ui/health-mark.tsx'
import { PageLink } from '../../ui/page-link.tsx'
import { ScrollingTable } from '../../ui/scrolling-table.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { type OptimizingSearch, TABLE_WORDS } from './search.ts'
import { WorkMark } from './work-mark.tsx'

/** So long after the last letter the service is asked. */
const TYPING_MS = 250

export type WorkQueueProps = {
  readonly search: OptimizingSearch
  readonly go: (change: Partial<OptimizingSearch>) => void
}

/** Tables, the busiest first, a page at a time: there may be many. */
export function WorkQueue({ search, go }: WorkQueueProps) {
  const { group = 'all', status, q = '', page = 1 } = search
  const { optimizing } = useMessages()
  const formats = useFormats()
  const queue = useQuery(queueQuery({ group, search: q, status: status ?? '', page }))
  return (
    <Card withBorder padding="lg">
      <QueueFilters search={search} go={go} />
      <AsyncView query={queue}>
        {({ list, total }) =>
          total === 0 ? (
            <Text c="dimmed">{optimizing.noTables}</Text>
          ) : (
            <Stack>
              <QueueTable tables={list} />
              <Group justify="space-between">
                <Text size="sm" c="dimmed">
                  {optimizing.tables(total, formats.count(total))}
                </Text>
                <Pagination
                  total={Math.ceil(total / QUEUE_PAGE)}
                  value={page}
                  onChange={(chosen) => go({ page: chosen === 1 ? undefined : chosen })}
                  getControlProps={(control) => ({ 'aria-label': optimizing.pages[control] })}
                  size="sm"
                  hideWithOnePage
                />
              </Group>
            </Stack>
          )
        }
      </AsyncView>
    </Card>
  )
}

function QueueFilters({ search: { status, q = '' }, go }: WorkQueueProps) {
  const { optimizing } = useMessages()
  const [typed, setTyped] = useState(q)
  const ask = useDebouncedCallback(
    (text: string) => go({ q: text === '' ? undefined : text, page: undefined }),
    TYPING_MS,
  )
  return (
    <Group mb="md">
      <TextInput
        flex={1}
        miw={180}
        aria-label={optimizing.search}
        placeholder={optimizing.search}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          ask(event.currentTarget.value)
        }}
      />
      <Select
        w={190}
        aria-label={optimizing.state}
        placeholder={optimizing.allStates}
        clearable
        clearButtonProps={{ 'aria-label': optimizing.allStates }}
        data={TABLE_WORDS.map((value) => ({ value, label: optimizing.words[value] }))}
        value={status ?? null}
        onChange={(word) => go({ status: TABLE_WORDS.find((each) => each === word), page: undefined })}
      />
    </Group>
  )
}

function QueueTable({ tables }: { readonly tables: readonly TableEntry[] }) {
  const { optimizing, tables: words } = useMessages()
  const formats = useFormats()
  const { table, group, state, duration, files, size, quota } = optimizing
  return (
    <ScrollingTable
      name={optimizing.views.queue}
      heads={[table, group, state, duration, words.health, files, size, quota]}
      minWidth={900}
    >
      {tables.map((entry) => (
        <Table.Tr key={entry.tableIdentifier.id}>
          <Table.Td maw={340}>
            <TableLink entry={entry} />
          </Table.Td>
          <Table.Td>{entry.groupName}</Table.Td>
          <Table.Td>
            <WorkMark word={entry.optimizeStatus} />
          </Table.Td>
          <Table.Td>{formats.duration(entry.duration)}</Table.Td>
          <Table.Td>
            <HealthMark score={entry.healthScore} />
          </Table.Td>
          <Table.Td>{formats.count(entry.fileCount)}</Table.Td>
          <Table.Td>{formats.bytes(entry.fileSize)}</Table.Td>
          <Table.Td>
            <Quota entry={entry} />
          </Table.Td>
        </Table.Tr>
      ))}
    </ScrollingTable>
  )
}

function TableLink({ entry: { tableIdentifier, tableName } }: { readonly entry: TableEntry }) {
  const { catalog, database, tableName: table } = tableIdentifier
  return (
    <PageLink to="/tables/$catalog/$database/$table" params={{ catalog, database, table }} inherit truncate>
      {tableName}
    </PageLink>
  )
}

/** What it may use, and how much of that it used within the hour. */
function Quota({ entry: { quota, quotaOccupation } }: { readonly entry: TableEntry }) {
  const { optimizing } = useMessages()
  const formats = useFormats()
  const used = Math.round(100 * quotaOccupation)
  return (
    <Stack gap={4} miw={110}>
      <Text size="xs">
        {quota > 1
          ? optimizing.threadsOf(Math.floor(quota))
          : optimizing.shareOf(formats.count(Math.round(100 * quota)))}
        {' · '}
        {optimizing.used(formats.count(used))}
      </Text>
      <Progress value={Math.min(100, used)} size="xs" aria-label={optimizing.used(formats.count(used))} />
    </Stack>
  )
}
