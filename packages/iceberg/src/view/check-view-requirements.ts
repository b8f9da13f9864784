import type { ViewMetadata } from './view-metadata.ts'
import type { ViewRequirement } from './view-update.ts'

/** The first condition that does not hold, in the words of the reference implementation; `undefined` if all do. */
export function violatedViewRequirement(
  { viewUuid }: ViewMetadata,
  requirements: readonly ViewRequirement[],
): string | undefined {
  const violated = requirements.find(({ uuid }) => uuid.toLowerCase() !== viewUuid.toLowerCase())
  if (violated === undefined) return undefined
  return `Requirement failed: view UUID does not match: expected ${viewUuid} != ${violated.uuid}`
}
