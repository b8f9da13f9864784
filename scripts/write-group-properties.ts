import { writeFileSync } from 'node:fs'
import { groupPropertiesDocument } from '@moraine/management/resources/group-properties-document'

writeFileSync(new URL('../docs/specs/group-properties.md', import.meta.url), groupPropertiesDocument())
