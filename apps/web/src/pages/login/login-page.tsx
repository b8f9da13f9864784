import { Alert, Button, Center, Paper, PasswordInput, Stack, TextInput, Title } from '@mantine/core'
import type { SessionBody } from '@moraine/api/rest/session-schemas'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { ApiError, call } from '../../api/call.ts'
import { sessionQuery } from '../../api/queries.ts'
import { useMessages } from '../../i18n/language.tsx'

/** Stands in the place of the page that was asked for, which is there once somebody has signed in. */
export function LoginPage() {
  const { session, common } = useMessages()
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const queries = useQueryClient()
  const signIn = useMutation({
    mutationFn: () => call<SessionBody>('/login', { method: 'POST', body: { user, password } }),
    onSuccess: (who) => queries.setQueryData(sessionQuery.queryKey, who),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate()
  }
  return (
    <Center mih="100vh" p="md" component="main">
      <Paper withBorder shadow="sm" p="xl" w="100%" maw={380} component="form" onSubmit={submit}>
        <Stack>
          <Center>
            <img src="/mark.svg" alt="" width={44} height={44} />
          </Center>
          <Title order={1} size="h3" ta="center">
            {session.title}
          </Title>
          <TextInput
            label={session.user}
            value={user}
            onChange={(event) => setUser(event.currentTarget.value)}
            autoComplete="username"
            required
            autoFocus
          />
          <PasswordInput
            label={session.password}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            autoComplete="current-password"
            required
          />
          {signIn.error === null ? null : (
            <Alert color="red" role="alert">
              {reasonOf(signIn.error, { refused: session.refused, unreachable: common.unreachable })}
            </Alert>
          )}
          <Button type="submit" loading={signIn.isPending} fullWidth>
            {session.signIn}
          </Button>
        </Stack>
      </Paper>
    </Center>
  )
}

function reasonOf(error: Error, said: { readonly refused: string; readonly unreachable: string }): string {
  if (!(error instanceof ApiError)) return error.message
  if (error.status === 401) return said.refused
  return error.status === 0 ? said.unreachable : error.message
}
