import { writeFileSync } from 'node:fs'
import { serviceMetrics } from '@moraine/server/http/metrics'
import { metricsDocument } from '@moraine/server/http/metrics-document'
import { buildOptions } from '@moraine/server/http/testing/build-options'

const { own } = serviceMetrics(buildOptions())
writeFileSync(new URL('../docs/reference/metrics.md', import.meta.url), metricsDocument(own))
