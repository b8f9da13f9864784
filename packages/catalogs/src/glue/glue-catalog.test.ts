import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { startFakeGlue } from './testing/fake-glue.ts'
import { GLUE_TRAITS, openGluePair } from './testing/glue-conformance.ts'
import { startLossyGlueProxy } from './testing/lossy-glue-proxy.ts'

catalogConformance('Glue catalog', GLUE_TRAITS, async () => {
  const fake = await startFakeGlue()
  const proxy = await startLossyGlueProxy(fake.endpoint)
  const io = memoryFileIO()
  const { close, ...pair } = await openGluePair(proxy, fake.endpoint, io, { warehouse: 's3://b/wh' })
  return {
    ...pair,
    io,
    scratch: 's3://b/scratch',
    async close() {
      await close()
      await proxy.close()
      await fake.stop()
    },
  }
})
