import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { optimizingSearch } from '../pages/optimizing/search.ts'
import { NotFound } from './not-found.tsx'
import { Shell } from './shell.tsx'

type RouterContext = { readonly queries: QueryClient }

const root = createRootRouteWithContext<RouterContext>()({ component: Shell, notFoundComponent: NotFound })

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('../pages/overview/overview-page.tsx'), 'OverviewPage'),
})

/** What is searched for is a part of the address, so that it can be sent to somebody. */
const tables = createRoute({
  getParentRoute: () => root,
  path: '/tables',
  validateSearch: (search): { readonly q?: string } => (typeof search['q'] === 'string' ? { q: search['q'] } : {}),
  component: lazyRouteComponent(() => import('../pages/tables/tables-page.tsx'), 'TablesPage'),
})

const table = createRoute({
  getParentRoute: () => root,
  path: '/tables/$catalog/$database/$table',
  component: lazyRouteComponent(() => import('../pages/table/table-page.tsx'), 'TableDetailPage'),
})

const optimizing = createRoute({
  getParentRoute: () => root,
  path: '/optimizing',
  validateSearch: optimizingSearch,
  component: lazyRouteComponent(() => import('../pages/optimizing/optimizing-page.tsx'), 'OptimizingPage'),
})

export function appRouter(queries: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([overview, tables, table, optimizing]),
    context: { queries },
    defaultPreload: 'intent',
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof appRouter>
  }
}
