/** A moment that the service told, for people: `2026-01-31T04:05:06.000Z`. */
export function momentText(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
