import { Alert, Button, Group, type MantineColor, Modal, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation } from '@tanstack/react-query'
import type { FormEvent, ReactNode } from 'react'
import { useMessages } from '../i18n/language.tsx'
import { failureText } from './failure-text.ts'

export type ActionDialogProps = {
  /** On the button that opens it, over the dialog, and on the button that does it. */
  readonly name: string
  readonly icon: ReactNode
  readonly color?: MantineColor
  /** What will happen. */
  readonly says: string
  /** Fields. */
  readonly children?: ReactNode
  /** The dialog stays, with the reason, if it fails. */
  readonly act: () => Promise<unknown>
}

/** A button that asks before it acts. */
export function ActionDialog({ name, icon, color, says, children, act }: ActionDialogProps) {
  const { common } = useMessages()
  const [isOpen, { open, close }] = useDisclosure(false)
  const action = useMutation({ mutationFn: act, onSuccess: close })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    action.mutate()
  }
  const show = () => {
    action.reset()
    open()
  }
  const colored = color !== undefined && { color }
  return (
    <>
      <Button size="xs" variant="default" leftSection={icon} onClick={show}>
        {name}
      </Button>
      <Modal
        lockScroll={false}
        opened={isOpen}
        onClose={close}
        title={name}
        closeButtonProps={{ 'aria-label': common.close }}
      >
        <Stack component="form" onSubmit={submit}>
          <Text size="sm">{says}</Text>
          {children}
          {action.error === null ? null : (
            <Alert color="red" role="alert">
              {failureText(action.error, common)}
            </Alert>
          )}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              {common.close}
            </Button>
            <Button type="submit" loading={action.isPending} {...colored}>
              {name}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  )
}
