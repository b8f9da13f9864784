import { fileIoConformance, SMALL_SCALE } from './conformance/file-io.ts'
import { memoryFileIO } from './memory-file-io.ts'

const dispose = async () => {}

fileIoConformance('memory', async () => ({ io: memoryFileIO(), root: 'memory://store/root', dispose }), SMALL_SCALE)
fileIoConformance(
  'memory without conditional writes',
  async () => ({
    io: memoryFileIO({ createOnly: false }),
    root: '/root',
    dispose,
  }),
  { ...SMALL_SCALE, createsOnly: false },
)
