import { corruptThrift, type ReadLimits } from './thrift-reader.ts'

/** What one message may still cost its reader. */
export class ReadBudget {
  readonly #limits: ReadLimits
  #depth = 0
  #elements = 0

  constructor(limits: ReadLimits) {
    this.#limits = limits
  }

  /** Into a struct or a container. */
  enter(): void {
    this.#depth += 1
    if (this.#depth > this.#limits.maxDepth) throw corruptThrift(`nested deeper than ${this.#limits.maxDepth}`)
  }

  leave(): void {
    this.#depth -= 1
  }

  countElements(size: number): void {
    this.#elements += size
    if (this.#elements > this.#limits.maxElements) {
      throw corruptThrift(`more than ${this.#limits.maxElements} container elements`)
    }
  }
}
