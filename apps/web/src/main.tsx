import '@mantine/core/styles.css'
import { MantineProvider } from '@mantine/core'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/call.ts'
import { isWorthAnotherTry, sessionQuery } from './api/queries.ts'
import { appRouter } from './app/router.tsx'
import { contrastVariables, theme } from './app/theme.ts'
import { LanguageProvider } from './i18n/language.tsx'

const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError(error) {
      // The session has ended: whoever is asked for it again stays on this page.
      if (error instanceof ApiError && error.status === 401) queries.setQueryData(sessionQuery.queryKey, null)
    },
  }),
  defaultOptions: { queries: { retry: isWorthAnotherTry, staleTime: 5000 } },
})
const router = appRouter(queries)

/** The word of this page that the policy of the service lets styles in by. */
function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''
}

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no place for the application')
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      getStyleNonce={styleNonce}
      cssVariablesResolver={contrastVariables}
    >
      <LanguageProvider>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </LanguageProvider>
    </MantineProvider>
  </StrictMode>,
)
