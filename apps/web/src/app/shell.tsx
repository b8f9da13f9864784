import { AppShell, Burger, Group, NavLink, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconBolt, IconLayoutDashboard, IconTable } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet } from '@tanstack/react-router'
import { sessionQuery } from '../api/queries.ts'
import { useMessages } from '../i18n/language.tsx'
import { LoginPage } from '../pages/login/login-page.tsx'
import { AsyncView } from '../ui/async-view.tsx'
import { SessionMenu } from './session-menu.tsx'

/** What is around every page; who has not signed in sees where that is done instead. */
export function Shell() {
  const session = useQuery(sessionQuery)
  return (
    <AsyncView query={session}>{(who) => (who === null ? <LoginPage /> : <Frame userName={who.userName} />)}</AsyncView>
  )
}

function Frame({ userName }: { readonly userName: string }) {
  const messages = useMessages()
  const [isOpen, { toggle, close }] = useDisclosure(false)
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding="lg"
    >
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={messages.nav.menu} />
            <img src="/mark.svg" alt="" width={26} height={26} />
            <Text fw={650} size="lg">
              Moraine
            </Text>
          </Group>
          <SessionMenu userName={userName} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={messages.nav.menu} onClick={close}>
        <NavLink
          component={Link}
          to="/"
          activeOptions={{ exact: true }}
          activeProps={{ 'data-active': true }}
          label={messages.nav.overview}
          leftSection={<IconLayoutDashboard size={18} stroke={1.6} />}
        />
        <NavLink
          component={Link}
          to="/tables"
          activeProps={{ 'data-active': true }}
          label={messages.nav.tables}
          leftSection={<IconTable size={18} stroke={1.6} />}
        />
        <NavLink
          component={Link}
          to="/optimizing"
          activeProps={{ 'data-active': true }}
          label={messages.nav.optimizing}
          leftSection={<IconBolt size={18} stroke={1.6} />}
        />
      </AppShell.Navbar>
      <AppShell.Main>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  )
}
