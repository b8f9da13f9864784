import type { ScanSection } from './scan-sections.ts'

/** A part of a scan: its entries from one number up to another, see {@link ScanSection}. */
export type ScanRange = { readonly from: number; readonly to: number }

export function wholeRange(sections: readonly ScanSection[]): ScanRange {
  return { from: 0, to: sections.at(-1)?.to ?? 0 }
}

/**
 * Cuts a range into parts of at most `limit` entries that the scan needs, at the bounds of manifests where that is
 * possible, so that few are read twice. There are at most `parts` of them: with more, neighbours are put together, to be
 * cut in their turn. One part means that the range is small enough to be answered.
 */
export function cutRange(
  sections: readonly ScanSection[],
  range: ScanRange,
  limit: number,
  parts: number,
): readonly ScanRange[] {
  const pieces = sections.flatMap((section) => piecesOf(section, range, limit, parts))
  const cuts: ScanRange[] = []
  let open: (ScanRange & { readonly size: number }) | undefined
  for (const piece of pieces) {
    const size = piece.to - piece.from
    if (open !== undefined && open.size + size <= limit)
      open = { from: open.from, to: piece.to, size: open.size + size }
    else {
      if (open !== undefined) cuts.push({ from: open.from, to: open.to })
      open = { ...piece, size }
    }
  }
  if (open !== undefined) cuts.push({ from: open.from, to: open.to })
  return joined(cuts, parts)
}

/**
 * The needed part of a section within the range; in several pieces of equal size if it is larger than the limit. No more of
 * them than are asked for: how many entries there are is only what the manifest list says.
 */
function piecesOf(section: ScanSection, range: ScanRange, limit: number, parts: number): readonly ScanRange[] {
  const from = Math.max(section.from, range.from)
  const to = Math.min(section.to, range.to)
  if (!section.isNeeded || from >= to) return []
  const count = Math.min(parts, Math.ceil((to - from) / limit))
  const size = Math.ceil((to - from) / count)
  return Array.from({ length: count }, (_, at) => ({
    from: from + at * size,
    to: Math.min(to, from + (at + 1) * size),
  })).filter((piece) => piece.from < piece.to)
}

function joined(cuts: readonly ScanRange[], parts: number): readonly ScanRange[] {
  if (cuts.length <= parts) return cuts
  const each = Math.ceil(cuts.length / parts)
  return Array.from({ length: Math.ceil(cuts.length / each) }, (_, at) => {
    const own = cuts.slice(at * each, (at + 1) * each)
    return { from: own[0]?.from ?? 0, to: own.at(-1)?.to ?? 0 }
  })
}
