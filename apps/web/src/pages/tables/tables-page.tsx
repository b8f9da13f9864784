import { Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useDeferredValue, useMemo, useState } from 'react'
import { tablesQuery } from '../../api/queries.ts'
import { useMessages } from '../../i18n/language.tsx'
import { AsyncView } from '../../ui/async-view.tsx'
import { findTables, listed, type SearchedTable, type Sort, sortTables } from './find-tables.ts'
import { TableGrid } from './table-grid.tsx'

const route = getRouteApi('/tables')

export function TablesPage() {
  const messages = useMessages()
  const tables = useQuery({ ...tablesQuery, select: listed })
  return (
    <Stack gap="md" h="calc(100dvh - 52px - 2 * var(--mantine-spacing-lg))">
      <Title order={1} size="h2">
        {messages.tables.title}
      </Title>
      <AsyncView query={tables}>{(all) => <TableSearch all={all} />}</AsyncView>
    </Stack>
  )
}

function TableSearch({ all }: { readonly all: readonly SearchedTable[] }) {
  const messages = useMessages()
  const { q = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const [text, setText] = useState(q)
  const [sort, setSort] = useState<Sort>({ by: 'healthScore', isDescending: false })
  const keepInAddress = useDebouncedCallback((value: string) => {
    void navigate({ search: value === '' ? {} : { q: value }, replace: true })
  }, 300)
  const wanted = useDeferredValue(text)
  const sorted = useMemo(() => sortTables(all, sort), [all, sort])
  const found = useMemo(() => findTables(sorted, wanted), [sorted, wanted])
  return (
    <>
      <Group justify="space-between">
        <TextInput
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value)
            keepInAddress(event.currentTarget.value)
          }}
          placeholder={messages.tables.search}
          aria-label={messages.tables.search}
          leftSection={<IconSearch size={16} stroke={1.6} />}
          w={{ base: '100%', xs: 380 }}
          type="search"
        />
        <Text size="sm" c="dimmed" aria-live="polite">
          {messages.tables.count(found.length, all.length)}
        </Text>
      </Group>
      <TableGrid
        tables={found}
        sort={sort}
        onSort={setSort}
        empty={all.length === 0 ? messages.overview.noTables : messages.tables.none}
      />
    </>
  )
}
