import { Alert, Button, Center, Group, Loader, Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ApiError } from '../api/call.ts'
import { useMessages } from '../i18n/language.tsx'
import { failureText } from './failure-text.ts'

export type AsyncViewProps<Data> = {
  readonly query: UseQueryResult<Data>
  readonly children: (data: Data) => ReactNode
}

/** What a query has brought; until then that it is on its way, or what is wrong. What was there stays while it is renewed. */
export function AsyncView<Data>({ query, children }: AsyncViewProps<Data>) {
  const messages = useMessages()
  if (query.data !== undefined) return children(query.data)
  if (query.error !== null) return <Failure error={query.error} onRetry={() => void query.refetch()} />
  return (
    <Center mih={160}>
      <Loader aria-label={messages.common.loading} />
    </Center>
  )
}

function Failure({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  const messages = useMessages()
  const { common } = messages
  const requestId = error instanceof ApiError ? error.requestId : undefined
  return (
    <Alert color="red" icon={<IconAlertTriangle />} m="md" role="alert">
      <Stack gap="xs">
        <Text size="sm">{failureText(error, common)}</Text>
        {requestId === undefined ? null : (
          <Text size="xs" c="dimmed">
            {common.requestId(requestId)}
          </Text>
        )}
        <Group>
          <Button size="xs" variant="light" color="red" onClick={onRetry}>
            {common.tryAgain}
          </Button>
        </Group>
      </Stack>
    </Alert>
  )
}
