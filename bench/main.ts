import { benchCatalog } from './catalog/bench-catalog.ts'
import { benchPlan } from './plan/bench-plan.ts'
import { benchRewrite } from './rewrite/bench-rewrite.ts'
import { benchService } from './service/bench-service.ts'

/** `npm run bench -- NAME [arguments]`: each benchmark prints one table and its ratios. */
const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  catalog: benchCatalog,
  plan: benchPlan,
  rewrite: benchRewrite,
  service: benchService,
}

const [name = '', ...args] = process.argv.slice(2)
const bench = BENCHES[name]
if (bench === undefined) {
  process.stderr.write(`bench: there is no '${name}'; there are ${Object.keys(BENCHES).join(', ')}\n`)
  process.exitCode = 2
} else {
  await bench(args)
}
