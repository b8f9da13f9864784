import { leasesConformance } from '@moraine/testkit/conformance/leases'
import { openSqlite } from '../sqlite/open-sqlite.ts'

leasesConformance('sqlite', () => openSqlite(':memory:'))
