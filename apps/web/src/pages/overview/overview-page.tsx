import { Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import type { ManagedTableBody } from '@moraine/api/rest/table-schemas'
import { useQuery } from '@tanstack/react-query'
import { tablesQuery } from '../../api/queries.ts'
import { useMessages } from '../../i18n/language.tsx'
import { AsyncView } from '../../ui/async-view.tsx'
import { HealthMark, WELL } from '../../ui/health-mark.tsx'
import { PageLink } from '../../ui/page-link.tsx'
import { PhaseMark } from '../../ui/phase-mark.tsx'
import { useFormats } from '../../ui/use-formats.ts'

const WORST = 10

export function OverviewPage() {
  const { overview } = useMessages()
  const tables = useQuery(tablesQuery)
  return (
    <Stack gap="lg">
      <Title order={1} size="h2">
        {overview.title}
      </Title>
      <AsyncView query={tables}>
        {(all) => (all.length === 0 ? <Text c="dimmed">{overview.noTables}</Text> : <Figures tables={all} />)}
      </AsyncView>
    </Stack>
  )
}

function Figures({ tables }: { readonly tables: readonly ManagedTableBody[] }) {
  const { overview } = useMessages()
  const formats = useFormats()
  const looked = tables.filter(({ healthScore }) => healthScore >= 0)
  const figures = [
    [overview.tables, tables.length],
    [overview.healthy, looked.filter(({ healthScore }) => healthScore >= WELL).length],
    [overview.waiting, tables.filter(({ phase }) => phase === 'pending').length],
    [overview.working, tables.filter(({ phase }) => phase === 'executing' || phase === 'committing').length],
    [overview.files, tables.reduce((sum, { fileCount }) => sum + fileCount, 0)],
  ] as const
  const worst = looked
    .filter(({ healthScore }) => healthScore < WELL)
    .sort((a, b) => a.healthScore - b.healthScore)
    .slice(0, WORST)
  return (
    <>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }}>
        {figures.map(([name, value]) => (
          <Card key={name} withBorder padding="md">
            <Text size="sm" c="dimmed">
              {name}
            </Text>
            <Text fz={26} fw={650}>
              {formats.count(value)}
            </Text>
          </Card>
        ))}
      </SimpleGrid>
      <Card withBorder padding="lg">
        <Title order={2} size="h4" mb="sm">
          {overview.worst}
        </Title>
        {looked.length === 0 ? (
          <Text c="dimmed">{overview.nothingLooked}</Text>
        ) : worst.length === 0 ? (
          <Text c="dimmed">{overview.nothingWorse}</Text>
        ) : (
          <Stack gap="xs">
            {worst.map((table) => (
              <WorstTable key={table.tableId} table={table} />
            ))}
          </Stack>
        )}
      </Card>
    </>
  )
}

function WorstTable({
  table: { catalog, database, tableName, healthScore, phase },
}: {
  readonly table: ManagedTableBody
}) {
  return (
    <Group justify="space-between" wrap="nowrap">
      <PageLink to="/tables/$catalog/$database/$table" params={{ catalog, database, table: tableName }} truncate>
        {catalog}.{database}.{tableName}
      </PageLink>
      <Group gap="sm" wrap="nowrap">
        <PhaseMark phase={phase} />
        <HealthMark score={healthScore} />
      </Group>
    </Group>
  )
}
