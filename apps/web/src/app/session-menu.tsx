import { ActionIcon, Group, Menu, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { IconLanguage, IconLogout, IconMoon, IconSun, IconUser } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../api/call.ts'
import { sessionQuery } from '../api/queries.ts'
import { LANGUAGES, type Language, useLanguage, useMessages } from '../i18n/language.tsx'

/** Language, colours, and the way out. */
export function SessionMenu({ userName }: { readonly userName: string }) {
  const messages = useMessages()
  const { language, choose } = useLanguage()
  const scheme = useComputedColorScheme('light')
  const { setColorScheme } = useMantineColorScheme()
  const queries = useQueryClient()
  const signOut = useMutation({
    mutationFn: () => call('/logout', { method: 'POST' }),
    onSettled() {
      queries.setQueryData(sessionQuery.queryKey, null)
      // The next one to sign in is shown nothing that this one saw.
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] })
    },
  })
  const isDark = scheme === 'dark'
  return (
    <Group gap={4} wrap="nowrap">
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={isDark ? messages.session.lightMode : messages.session.darkMode}
        onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
      >
        {isDark ? <IconSun size={19} stroke={1.6} /> : <IconMoon size={19} stroke={1.6} />}
      </ActionIcon>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={messages.session.chooseLanguage}>
            <IconLanguage size={19} stroke={1.6} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {(Object.keys(LANGUAGES) as Language[]).map((each) => (
            <Menu.Item key={each} lang={each} fw={each === language ? 600 : undefined} onClick={() => choose(each)}>
              {LANGUAGES[each].language}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={userName}>
            <IconUser size={19} stroke={1.6} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{userName}</Menu.Label>
          <Menu.Item leftSection={<IconLogout size={16} stroke={1.6} />} onClick={() => signOut.mutate()}>
            {messages.session.signOut}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  )
}
