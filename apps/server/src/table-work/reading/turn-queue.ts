/**
 * Orders that wait for a turn of the event loop, one at each, so that what comes in meanwhile is seen: plans before looks, of
 * which dozens may wait, since a plan is what optimizers wait for. Among equals the first come is the first.
 */
export function turnQueue<Order extends { readonly kind: 'evaluate' | 'plan' }>(
  begin: (order: Order) => void,
): (order: Order) => void {
  const plans: Order[] = []
  const looks: Order[] = []
  let isTurnNext = false
  const takeTurn = () => {
    if (isTurnNext) return
    isTurnNext = true
    setImmediate(turn)
  }
  const turn = () => {
    isTurnNext = false
    const next = plans.shift() ?? looks.shift()
    if (next !== undefined) begin(next)
    if (plans.length + looks.length > 0) takeTurn()
  }
  return (order) => {
    if (order.kind === 'plan') plans.push(order)
    else looks.push(order)
    takeTurn()
  }
}
