import { Group, Select, Stack, Tabs, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { groupsQuery } from '../../api/resource-queries.ts'
import { useMessages } from '../../i18n/language.tsx'
import { AsyncView } from '../../ui/async-view.tsx'
import { GroupList } from './group-list.tsx'
import { OptimizerList } from './optimizer-list.tsx'
import { OPTIMIZING_VIEWS, type OptimizingSearch } from './search.ts'
import { WorkQueue } from './work-queue.tsx'

const route = getRouteApi('/optimizing')

/** What is worked on, by whom, and what waits: as the address says, of one group or of all. */
export function OptimizingPage() {
  const { optimizing } = useMessages()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const groups = useQuery(groupsQuery)
  const go = (change: Partial<OptimizingSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const view = search.view ?? 'queue'
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="end">
        <Title order={1} size="h2">
          {optimizing.title}
        </Title>
        <Select
          w={220}
          aria-label={optimizing.group}
          placeholder={optimizing.allGroups}
          clearable
          clearButtonProps={{ 'aria-label': optimizing.allGroups }}
          data={(groups.data ?? []).map(({ resourceGroup }) => resourceGroup.name)}
          value={search.group ?? null}
          onChange={(group) => go({ group: group ?? undefined, page: undefined })}
        />
      </Group>
      <Tabs
        value={view}
        onChange={(chosen) => go({ view: OPTIMIZING_VIEWS.find((each) => each === chosen), page: undefined })}
      >
        <Tabs.List aria-label={optimizing.title}>
          {OPTIMIZING_VIEWS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {optimizing.views[each]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={view} pt="md">
          {view === 'queue' ? <WorkQueue search={search} go={go} /> : null}
          {view === 'optimizers' ? <OptimizerList group={search.group} /> : null}
          {view === 'groups' ? (
            <AsyncView query={groups}>
              {(all) => (
                <GroupList groups={all.filter(({ resourceGroup: { name } }) => (search.group ?? name) === name)} />
              )}
            </AsyncView>
          ) : null}
        </Tabs.Panel>
      </Tabs>
    </Stack>
  )
}
