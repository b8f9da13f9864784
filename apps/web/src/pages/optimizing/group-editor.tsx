import { Select, Textarea, TextInput } from '@mantine/core'
import type { GroupBody } from '@moraine/api/rest/resource-schemas'
import { IconEdit, IconPlus } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { containersQuery, RESOURCES, saveGroup } from '../../api/resource-queries.ts'
import { useMessages } from '../../i18n/language.tsx'
import { ActionDialog } from '../../ui/action-dialog.tsx'
import { propertiesOfText, textOfProperties } from './property-text.ts'

const POLICY = 'scheduling-policy'
const POLICIES = ['quota', 'balanced'] as const

/** A group as it is to be: the one that is given, or a new one. */
export function GroupEditor({ group }: { readonly group?: GroupBody }) {
  const { optimizing } = useMessages()
  const queries = useQueryClient()
  const containers = useQuery(containersQuery)
  const { [POLICY]: givenPolicy = 'quota', ...others } = group?.properties ?? {}
  const [name, setName] = useState(group?.name ?? '')
  const [container, setContainer] = useState(group?.container ?? 'local')
  const [policy, setPolicy] = useState(givenPolicy)
  const [text, setText] = useState(textOfProperties(others))
  const save = async () => {
    const properties = { ...propertiesOfText(text), ...(policy !== 'quota' && { [POLICY]: policy }) }
    await saveGroup({ name, container, properties }, group === undefined)
    await queries.invalidateQueries({ queryKey: RESOURCES })
  }
  const icon = group === undefined ? <IconPlus size={16} /> : <IconEdit size={16} />
  return (
    <ActionDialog
      name={group === undefined ? optimizing.newGroup : optimizing.edit}
      icon={icon}
      says={group === undefined ? optimizing.newGroupSays : optimizing.editSays}
      act={save}
    >
      <TextInput
        label={optimizing.name}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        readOnly={group !== undefined}
        required
        maxLength={50}
        data-autofocus
      />
      <Select
        label={optimizing.container}
        data={(containers.data ?? []).map((each) => each.name)}
        value={container}
        onChange={(chosen) => setContainer(chosen ?? container)}
        allowDeselect={false}
      />
      <Select
        label={optimizing.policy}
        description={optimizing.policySays}
        data={[...POLICIES]}
        value={policy}
        onChange={(chosen) => setPolicy(chosen ?? policy)}
        allowDeselect={false}
      />
      <Textarea
        label={optimizing.properties}
        description={optimizing.propertiesSays}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        autosize
        minRows={3}
        maxRows={10}
        styles={{ input: { fontFamily: 'monospace' } }}
      />
    </ActionDialog>
  )
}
