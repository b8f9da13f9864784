import { Button, Code, CopyButton, Modal, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconTerminal2 } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { registrationQuery } from '../../api/resource-queries.ts'
import { useMessages } from '../../i18n/language.tsx'
import { AsyncView } from '../../ui/async-view.tsx'

/** Nobody launches optimizers of this group: with which command a person starts one, wherever that is to run. */
export function StartByHand({ group }: { readonly group: string }) {
  const { optimizing, common } = useMessages()
  const [isOpen, { open, close }] = useDisclosure(false)
  return (
    <>
      <Button size="xs" variant="default" leftSection={<IconTerminal2 size={16} />} onClick={open}>
        {optimizing.startByHand}
      </Button>
      <Modal
        lockScroll={false}
        opened={isOpen}
        onClose={close}
        title={optimizing.startByHand}
        closeButtonProps={{ 'aria-label': common.close }}
        size="lg"
      >
        <Stack>
          <Text size="sm">{optimizing.startByHandSays}</Text>
          <Command group={group} />
        </Stack>
      </Modal>
    </>
  )
}

function Command({ group }: { readonly group: string }) {
  const { optimizing } = useMessages()
  const registration = useQuery(registrationQuery(group))
  return (
    <AsyncView query={registration}>
      {({ url, groupSecret }) => {
        const secret = groupSecret === null ? '' : `MORAINE_GROUP_SECRET=${groupSecret} `
        const command = `${secret}moraine optimizer --url ${url} --group ${group} --threads 2`
        return (
          <>
            <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              {command}
            </Code>
            <CopyButton value={command}>
              {({ copied, copy }) => (
                <Button variant="default" onClick={copy}>
                  {copied ? optimizing.copied : optimizing.copy}
                </Button>
              )}
            </CopyButton>
          </>
        )
      }}
    </AsyncView>
  )
}
