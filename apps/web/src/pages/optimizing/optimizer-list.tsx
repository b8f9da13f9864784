import { Card, Stack, Table, Text, Title } from '@mantine/core'
import type { OptimizerEntryBody, ResourceEntryBody } from '@moraine/api/rest/resource-schemas'
import { IconLogout2 } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { dismissOptimizer, launchesQuery, optimizersQuery, RESOURCES } from '../../api/resource-queries.ts'
import { useMessages } from '../../i18n/language.tsx'
import { ActionDialog } from '../../ui/action-dialog.tsx'
import { AsyncView } from '../../ui/async-view.tsx'
import { ScrollingTable } from '../../ui/scrolling-table.tsx'
import { type Tone, ToneBadge } from '../../ui/tone.tsx'
import { useFormats } from '../../ui/use-formats.ts'

/** Who works, of one group or of all; of one group also what was asked for and what became of it. */
export function OptimizerList({ group }: { readonly group: string | undefined }) {
  const { optimizing } = useMessages()
  const optimizers = useQuery(optimizersQuery(group ?? 'all'))
  return (
    <Stack>
      <Card withBorder padding="lg">
        <AsyncView query={optimizers}>
          {({ list }) =>
            list.length === 0 ? (
              <Text c="dimmed">{optimizing.noOptimizers}</Text>
            ) : (
              <OptimizerTable optimizers={list} at={optimizers.dataUpdatedAt} />
            )
          }
        </AsyncView>
      </Card>
      {group === undefined ? <Text c="dimmed">{optimizing.chooseGroup}</Text> : <Launches group={group} />}
    </Stack>
  )
}

type OptimizerTableProps = {
  readonly optimizers: readonly OptimizerEntryBody[]
  /** When that was so. */
  readonly at: number
}

function OptimizerTable({ optimizers, at }: OptimizerTableProps) {
  const { optimizing, common } = useMessages()
  const formats = useFormats()
  const { optimizer, group, container, threads, memory, running, state, started, seen, actions } = optimizing
  return (
    <ScrollingTable
      name={optimizing.views.optimizers}
      heads={[optimizer, group, container, threads, memory, running, state, started, seen, actions]}
      minWidth={940}
    >
      {optimizers.map((each) => (
        <Table.Tr key={each.token}>
          <Table.Td maw={160} style={{ overflowWrap: 'anywhere' }}>
            {each.token}
          </Table.Td>
          <Table.Td>{each.groupName}</Table.Td>
          <Table.Td>{each.jobId === '' ? optimizing.byHand : each.container}</Table.Td>
          <Table.Td>{formats.count(each.coreNumber)}</Table.Td>
          <Table.Td>{formats.bytes(each.memory * 1024 * 1024)}</Table.Td>
          <Table.Td>{formats.count(each.runningTasks)}</Table.Td>
          <Table.Td>
            <ToneBadge tone={each.jobStatus === 'RUNNING' ? 'good' : 'fair'}>
              {each.jobStatus === 'RUNNING' ? optimizing.works : optimizing.drains}
            </ToneBadge>
          </Table.Td>
          <Table.Td title={formats.moment(each.startTime)}>
            {common.ago(formats.duration(at - each.startTime))}
          </Table.Td>
          <Table.Td title={formats.moment(each.touchTime)}>
            {common.ago(formats.duration(at - each.touchTime))}
          </Table.Td>
          <Table.Td>
            <Release optimizer={each} />
          </Table.Td>
        </Table.Tr>
      ))}
    </ScrollingTable>
  )
}

function Release({ optimizer: { token, jobId, runningTasks } }: { readonly optimizer: OptimizerEntryBody }) {
  const { optimizing } = useMessages()
  const queries = useQueryClient()
  const isByHand = jobId === ''
  const release = async () => {
    await dismissOptimizer(token, isByHand)
    await queries.invalidateQueries({ queryKey: RESOURCES })
  }
  return (
    <ActionDialog
      name={isByHand ? optimizing.drain : optimizing.release}
      icon={<IconLogout2 size={16} />}
      color="red"
      says={isByHand ? optimizing.drainSays(token) : optimizing.releaseSays(token)}
      act={release}
    >
      <Text size="sm" c="dimmed">
        {optimizing.runningNow(runningTasks)}
      </Text>
    </ActionDialog>
  )
}

function Launches({ group }: { readonly group: string }) {
  const { optimizing } = useMessages()
  const launches = useQuery(launchesQuery(group))
  return (
    <Card withBorder padding="lg">
      <Title order={2} size="h4" mb="sm">
        {optimizing.launches}
      </Title>
      <AsyncView query={launches}>
        {(list) =>
          list.length === 0 ? <Text c="dimmed">{optimizing.noLaunches}</Text> : <LaunchTable launches={list} />
        }
      </AsyncView>
    </Card>
  )
}

function LaunchTable({ launches }: { readonly launches: readonly ResourceEntryBody[] }) {
  const { optimizing } = useMessages()
  const formats = useFormats()
  const { asked, container, threads, state, why } = optimizing
  return (
    <ScrollingTable name={optimizing.launches} heads={[asked, container, threads, state, why]} minWidth={760}>
      {launches.map((each) => (
        <Table.Tr key={each.resourceId}>
          <Table.Td>{formats.moment(each.requestedAt)}</Table.Td>
          <Table.Td>{each.container}</Table.Td>
          <Table.Td>{formats.count(each.threads)}</Table.Td>
          <Table.Td>
            <ToneBadge tone={each.isFailure ? 'bad' : (LAUNCH_TONES[each.status] ?? 'still')}>
              {optimizing.launchWords[each.status as keyof typeof optimizing.launchWords] ?? each.status}
            </ToneBadge>
          </Table.Td>
          <Table.Td maw={420} style={{ overflowWrap: 'anywhere' }}>
            <Text size="xs">{[each.requestReason, each.failure, each.endReason].filter(Boolean).join(' · ')}</Text>
          </Table.Td>
        </Table.Tr>
      ))}
    </ScrollingTable>
  )
}

const LAUNCH_TONES: Readonly<Record<string, Tone>> = { requested: 'busy', launched: 'good', releasing: 'fair' }
