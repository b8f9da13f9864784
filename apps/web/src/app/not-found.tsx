import { Stack, Text, Title } from '@mantine/core'
import { useMessages } from '../i18n/language.tsx'
import { PageLink } from '../ui/page-link.tsx'

/** An address at which there is no page. */
export function NotFound() {
  const { notFound, nav } = useMessages()
  return (
    <Stack gap="xs">
      <Title order={1} size="h2">
        {notFound.title}
      </Title>
      <Text>{notFound.says}</Text>
      <PageLink to="/">{nav.overview}</PageLink>
    </Stack>
  )
}
