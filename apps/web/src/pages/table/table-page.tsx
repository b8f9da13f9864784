import { Alert, Card, Code, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import type { TableExplanationBody } from '@moraine/api/rest/explain-schemas'
import type { TableDetails } from '@moraine/api/rest/table-schemas'
import { IconBulb } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { detailsQuery, explanationQuery, type TableKey } from '../../api/queries.ts'
import { useMessages } from '../../i18n/language.tsx'
import { AsyncView } from '../../ui/async-view.tsx'
import { HealthMark } from '../../ui/health-mark.tsx'
import { PhaseMark } from '../../ui/phase-mark.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { ColumnList } from './column-list.tsx'
import { ProcessList } from './process-list.tsx'
import { TableActions } from './table-actions.tsx'

const route = getRouteApi('/tables/$catalog/$database/$table')

export function TableDetailPage() {
  const key = route.useParams()
  const details = useQuery(detailsQuery(key))
  return (
    <Stack gap="lg">
      <Title order={1} size="h2" style={{ overflowWrap: 'anywhere' }}>
        <Text span inherit c="dimmed" fw={400}>
          {key.catalog}.{key.database}.
        </Text>
        {key.table}
      </Title>
      <Why of={key} />
      <AsyncView query={details}>
        {(table) => (
          <>
            <Facts table={table} />
            <ProcessList of={key} />
            <ColumnList columns={table.schema} />
          </>
        )}
      </AsyncView>
    </Stack>
  )
}

function Why({ of }: { readonly of: TableKey }) {
  const explanation = useQuery(explanationQuery(of))
  return <AsyncView query={explanation}>{(explained) => <Explained of={of} explained={explained} />}</AsyncView>
}

function Explained({ of, explained }: { readonly of: TableKey; readonly explained: TableExplanationBody }) {
  const { table } = useMessages()
  const { verdict, remedy } = explained
  return (
    <Alert variant="light" icon={<IconBulb />} title={table.whyNow}>
      <Stack gap="xs">
        <Group gap="xs">
          <PhaseMark phase={verdict.phase} />
          <Code>{verdict.kind}</Code>
        </Group>
        <Text size="sm">{verdict.text}</Text>
        <Text size="sm" c="dimmed">
          {table.remedy}: {remedy}
        </Text>
        <TableActions of={of} explanation={explained} />
      </Stack>
    </Alert>
  )
}

function Facts({ table: { tableSummary, baseMetrics, baseLocation } }: { readonly table: TableDetails }) {
  const { table, common } = useMessages()
  const formats = useFormats()
  const { lastCommitTime } = baseMetrics
  const facts = [
    [table.health, <HealthMark key="health" score={tableSummary.healthScore} />],
    [table.smallFiles, <HealthMark key="small" score={tableSummary.smallFileScore} of={40} />],
    [table.equalityDeletes, <HealthMark key="equality" score={tableSummary.equalityDeleteScore} of={40} />],
    [table.positionDeletes, <HealthMark key="position" score={tableSummary.positionalDeleteScore} of={20} />],
    [table.files, formats.count(tableSummary.file)],
    [table.size, formats.bytes(baseMetrics.totalBytes)],
    [table.records, formats.count(tableSummary.records)],
    [table.format, tableSummary.tableFormat],
    [table.lastCommit, lastCommitTime === null ? common.never : formats.moment(lastCommitTime)],
    [table.location, baseLocation],
  ] as const
  return (
    <Card withBorder padding="lg">
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <Text size="xs" c="dimmed">
              {name}
            </Text>
            <Text component="div" size="sm" style={{ overflowWrap: 'anywhere' }}>
              {value}
            </Text>
          </div>
        ))}
      </SimpleGrid>
    </Card>
  )
}
