import { writeFileSync } from 'node:fs'
import { stateDocument } from '@moraine/lifecycle/state-document'

writeFileSync(new URL('../docs/specs/states.md', import.meta.url), stateDocument())
