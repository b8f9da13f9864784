import type { ClaimedPointers, UnderClaims } from '@moraine/catalogs/internal/claimed-pointers'
import type { RequestClaim } from '@moraine/catalogs/request-claim'

/** Nothing happens in memory between the look at the claims and the change. */
export function memoryUnderClaims(
  { pointers, drops }: ClaimedPointers,
  holds: (claim: RequestClaim) => boolean,
): UnderClaims {
  return (claims, lost) => {
    const changed =
      <Args extends readonly unknown[], T>(change: (...args: Args) => Promise<T>) =>
      async (...args: Args): Promise<T> => {
        if (!claims.every(holds)) throw lost()
        return change(...args)
      }
    return {
      pointers: {
        ...pointers,
        addNamespace: changed(pointers.addNamespace),
        swapNamespaceProperties: changed(pointers.swapNamespaceProperties),
        removeNamespace: changed(pointers.removeNamespace),
        addPointer: changed(pointers.addPointer),
        swapPointer: changed(pointers.swapPointer),
        changePointers: changed(pointers.changePointers),
        renamePointer: changed(pointers.renamePointer),
        removePointer: changed(pointers.removePointer),
      },
      drops: {
        ...drops,
        dropPointer: changed(drops.dropPointer),
        restoreDropped: changed(drops.restoreDropped),
        advancePurge: changed(drops.advancePurge),
        claimPurge: changed(drops.claimPurge),
        forgetDropped: changed(drops.forgetDropped),
      },
    }
  }
}
