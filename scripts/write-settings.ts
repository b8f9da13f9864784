import { writeFileSync } from 'node:fs'
import { settingsDocument } from '@moraine/server/config/settings-document'

writeFileSync(new URL('../docs/specs/settings.md', import.meta.url), settingsDocument())
