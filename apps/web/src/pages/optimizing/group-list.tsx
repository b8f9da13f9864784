import { Badge, Card, Code, Group, NumberInput, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import type { GroupBody, ResourceGroupEntry } from '@moraine/api/rest/resource-schemas'
import { IconPlayerPause, IconPlayerPlay, IconPlus, IconTrash } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import {
  allocationQuery,
  containersQuery,
  groupsQuery,
  launchOptimizer,
  RESOURCES,
  removeGroup,
  saveGroup,
} from '../../api/resource-queries.ts'
import { useMessages } from '../../i18n/language.tsx'
import { ActionDialog } from '../../ui/action-dialog.tsx'
import { PageLink } from '../../ui/page-link.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { GroupEditor } from './group-editor.tsx'
import { StartByHand } from './start-by-hand.tsx'

/** Groups with what is registered in them, why that is so, and what a person may do about it. */
export function GroupList({ groups }: { readonly groups: readonly ResourceGroupEntry[] }) {
  return (
    <Stack>
      <Group>
        <GroupEditor />
      </Group>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        {groups.map((entry) => (
          <GroupCard key={entry.resourceGroup.name} entry={entry} />
        ))}
      </SimpleGrid>
    </Stack>
  )
}

/** As the service has it for groups that do not say. */
const USUAL_POLICY = 'quota'

function GroupCard({
  entry: { resourceGroup, occupationCore, occupationMemory },
}: {
  readonly entry: ResourceGroupEntry
}) {
  const { optimizing } = useMessages()
  const formats = useFormats()
  const { name, container, properties } = resourceGroup
  const facts = [
    [optimizing.container, container],
    [optimizing.policy, properties['scheduling-policy'] ?? USUAL_POLICY],
    [optimizing.threads, formats.count(occupationCore)],
    [optimizing.memory, formats.bytes(occupationMemory * 1024 * 1024)],
  ] as const
  return (
    <Card withBorder padding="lg" component="section" aria-label={name}>
      <Stack gap="sm" h="100%">
        <Group justify="space-between">
          <Title order={2} size="h4">
            <PageLink to="/optimizing" search={{ group: name }} inherit>
              {name}
            </PageLink>
          </Title>
          {isPaused(resourceGroup) ? (
            <Badge color="yellow" autoContrast>
              {optimizing.paused}
            </Badge>
          ) : null}
        </Group>
        <SimpleGrid cols={{ base: 2, xs: 4 }}>
          {facts.map(([fact, value]) => (
            <div key={fact}>
              <Text size="xs" c="dimmed">
                {fact}
              </Text>
              <Text size="sm">{value}</Text>
            </div>
          ))}
        </SimpleGrid>
        <Allocation group={name} />
        <Properties of={properties} />
        <GroupActions group={resourceGroup} />
      </Stack>
    </Card>
  )
}

function isPaused({ properties }: Pick<GroupBody, 'properties'>): boolean {
  return properties?.['paused'] === 'true'
}

/** Why it has the optimizers that it has. */
function Allocation({ group }: { readonly group: string }) {
  const { optimizing } = useMessages()
  const { data } = useQuery(allocationQuery(group))
  if (data === undefined) return null
  return (
    <div>
      <Text size="sm">{data.text}</Text>
      <Text size="xs" c="dimmed">
        {optimizing.remedy}: {data.remedy}
      </Text>
    </div>
  )
}

function Properties({ of }: { readonly of: Readonly<Record<string, string>> }) {
  const entries = Object.entries(of)
  if (entries.length === 0) return null
  return <Code block>{entries.map(([key, value]) => `${key}=${value}`).join('\n')}</Code>
}

function GroupActions({ group }: { readonly group: GroupBody }) {
  const containers = useQuery(containersQuery)
  const isExternal = containers.data?.find(({ name }) => name === group.container)?.classpath === 'external'
  return (
    <Group gap="xs" mt="auto">
      {isExternal ? <StartByHand group={group.name} /> : <Launch group={group.name} />}
      <GroupEditor group={group} />
      <PauseGroup group={group} />
      <RemoveGroup name={group.name} />
    </Group>
  )
}

const THREADS_MAX = 1024

function Launch({ group }: { readonly group: string }) {
  const { optimizing } = useMessages()
  const renew = useRenewal()
  const [threads, setThreads] = useState(1)
  return (
    <ActionDialog
      name={optimizing.launch}
      icon={<IconPlus size={16} />}
      says={optimizing.launchSays(group)}
      act={() => launchOptimizer(group, threads).then(renew)}
    >
      <NumberInput
        label={optimizing.threads}
        min={1}
        max={THREADS_MAX}
        allowDecimal={false}
        value={threads}
        onChange={(value) => setThreads(Number(value))}
        data-autofocus
      />
    </ActionDialog>
  )
}

function PauseGroup({ group }: { readonly group: GroupBody }) {
  const { optimizing, actions } = useMessages()
  const renew = useRenewal()
  const paused = isPaused(group)
  const properties = { ...group.properties, paused: String(!paused) }
  return (
    <ActionDialog
      name={paused ? actions.resume : actions.pause}
      icon={paused ? <IconPlayerPlay size={16} /> : <IconPlayerPause size={16} />}
      says={paused ? optimizing.resumeSays(group.name) : optimizing.pauseSays(group.name)}
      act={() => saveGroup({ ...group, properties }, false).then(renew)}
    />
  )
}

function RemoveGroup({ name }: { readonly name: string }) {
  const { optimizing } = useMessages()
  const queries = useQueryClient()
  // What else is known of it is not to be asked for again: it is gone.
  const renew = () => queries.invalidateQueries({ queryKey: groupsQuery.queryKey })
  return (
    <ActionDialog
      name={optimizing.remove}
      icon={<IconTrash size={16} />}
      color="red"
      says={optimizing.removeSays(name)}
      act={() => removeGroup(name).then(renew)}
    />
  )
}

function useRenewal(): () => Promise<void> {
  const queries = useQueryClient()
  return () => queries.invalidateQueries({ queryKey: RESOURCES })
}
