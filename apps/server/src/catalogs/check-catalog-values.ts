import { DELETION_PROTECTION } from '@moraine/catalogs/internal/deletion-protection'
import { EXTERNAL_LOCATIONS } from '@moraine/catalogs/internal/location-rules'
import { REBASE_APPENDS } from '@moraine/iceberg/commit/rebase-append'
import { requestedVersion } from '@moraine/iceberg/metadata/new-table-metadata'
import { checkTableProperties } from '@moraine/iceberg/metadata/table-properties'
import { parseOptimizingPolicy } from '@moraine/maintenance/plan/optimizing-policy'
import { tableDefaults } from '@moraine/management/catalogs/catalog-connection'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import type { CatalogMap } from '@moraine/management/catalogs/managed-catalog'
import { parseTimeWindows } from '@moraine/management/schedule/time-window'
import { MoraineError } from '@moraine/stdx/error'

/** The property of a catalog that others keep by which its tables are optimized as far as their own files go. */
export const OWN_FILES_ONLY = 'optimizing.own-files-only'

/**
 * Refuses values that would be wrong of each table: defaults with which none can be made or optimized, and words for yes or no
 * that would be taken for the other one.
 *
 * @throws {MoraineError} `invalid-input` naming the field and what it may be
 */
export function checkCatalogValues(catalog: Pick<PlainCatalog, 'properties'>): void {
  checkFlags('properties', catalog.properties, [EXTERNAL_LOCATIONS, OWN_FILES_ONLY])
  const defaults = tableDefaults(catalog)
  checkFlags('tableProperties', defaults, [DELETION_PROTECTION, REBASE_APPENDS])
  for (const check of [checkTableProperties, requestedVersion, parseOptimizingPolicy]) {
    asDefault('tableProperties', () => check(defaults))
  }
  for (const key of ['self-optimizing.windows', 'self-optimizing.blackouts']) {
    asDefault(`tableProperties.${key}`, () => parseTimeWindows(defaults[key] ?? ''))
  }
}

function checkFlags(field: string, values: CatalogMap, keys: readonly string[]): void {
  const wrong = keys.find((key) => !/^\s*(true|false)\s*$/i.test(values[key] ?? 'false'))
  if (wrong === undefined) return
  throw new MoraineError(
    'invalid-input',
    `${field}.${wrong} is '${values[wrong]}'; set it to true or false, or leave it out`,
  )
}

function asDefault(field: string, check: () => unknown): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof MoraineError)) throw error
    throw new MoraineError('invalid-input', `${field}: ${error.message}`, { cause: error })
  }
}
