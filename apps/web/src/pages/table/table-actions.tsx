import { Group, SegmentedControl, Text, TextInput } from '@mantine/core'
import type { TableExplanationBody } from '@moraine/api/rest/explain-schemas'
import { IconBolt, IconPlayerPause, IconPlayerPlay, IconX } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { actOnTable, type TableAction, type TableKey, tablesQuery } from '../../api/queries.ts'
import { useMessages } from '../../i18n/language.tsx'
import { ActionDialog } from '../../ui/action-dialog.tsx'

/** What a person may do to a table as it is now; each says beforehand what will happen. */
export function TableActions({
  of,
  explanation,
}: {
  readonly of: TableKey
  readonly explanation: TableExplanationBody
}) {
  const { verdict } = explanation
  const queries = useQueryClient()
  const change = async (what: TableAction) => {
    await actOnTable(of, what)
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['table', of] }),
      queries.invalidateQueries({ queryKey: tablesQuery.queryKey }),
    ])
  }
  return (
    <Group gap="xs">
      <OptimizeNow verdict={verdict} change={change} />
      {verdict.kind === 'paused' ? <Resume change={change} /> : <Pause change={change} />}
      {verdict.processId === null ? null : <Cancel processId={verdict.processId} change={change} />}
    </Group>
  )
}

type Change = (what: TableAction) => Promise<void>

const TYPES = ['auto', 'minor', 'major', 'full'] as const

function OptimizeNow({
  verdict,
  change,
}: {
  readonly verdict: TableExplanationBody['verdict']
  readonly change: Change
}) {
  const { actions } = useMessages()
  const [type, setType] = useState<(typeof TYPES)[number]>('auto')
  return (
    <ActionDialog
      name={actions.optimize}
      icon={<IconBolt size={16} />}
      says={actions.optimizeSays}
      act={() => change({ to: 'optimize', body: { type } })}
    >
      <Text size="sm" c="dimmed">
        {actions.now}: {verdict.text}
      </Text>
      <SegmentedControl
        aria-label={actions.type}
        value={type}
        onChange={(chosen) => setType(TYPES.find((each) => each === chosen) ?? 'auto')}
        data={TYPES.map((value) => ({ value, label: actions.types[value] }))}
      />
      <Text size="xs" c="dimmed">
        {actions.typeSays[type]}
      </Text>
    </ActionDialog>
  )
}

function Pause({ change }: { readonly change: Change }) {
  const { actions } = useMessages()
  const [reason, setReason] = useState('')
  const body = reason.trim() === '' ? {} : { reason: reason.trim() }
  return (
    <ActionDialog
      name={actions.pause}
      icon={<IconPlayerPause size={16} />}
      color="gray"
      says={actions.pauseSays}
      act={() => change({ to: 'pause', body })}
    >
      <TextInput
        label={actions.reason}
        value={reason}
        maxLength={500}
        onChange={(event) => setReason(event.currentTarget.value)}
        data-autofocus
      />
    </ActionDialog>
  )
}

function Resume({ change }: { readonly change: Change }) {
  const { actions } = useMessages()
  return (
    <ActionDialog
      name={actions.resume}
      icon={<IconPlayerPlay size={16} />}
      says={actions.resumeSays}
      act={() => change({ to: 'resume', body: {} })}
    />
  )
}

function Cancel({ processId, change }: { readonly processId: string; readonly change: Change }) {
  const { actions } = useMessages()
  return (
    <ActionDialog
      name={actions.cancel}
      icon={<IconX size={16} />}
      color="red"
      says={actions.cancelSays(processId)}
      act={() => change({ to: `optimizing-processes/${encodeURIComponent(processId)}/cancel`, body: {} })}
    />
  )
}
