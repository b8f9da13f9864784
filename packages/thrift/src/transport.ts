import { encodeFrame, FrameDecoder } from './frame.ts'
import { UnframedDecoder } from './unframed.ts'

/**
 * How messages follow each other in a stream. `framed`: each behind its length, in any protocol. `unframed`: one after
 * the other, which takes a look at every value to find their ends; of the binary protocol only, as Hive's servers speak.
 */
export type Transport = 'framed' | 'unframed'

/** Both directions of one stream. */
export type MessageStream = {
  encode(message: Uint8Array): Uint8Array
  push(chunk: Buffer): void
  /** Of what was pushed and did not leave in a message yet. */
  keptBytes(): number
  /** @throws {MoraineError} `corrupt` */
  next(): Uint8Array | undefined
}

export function messageStream(transport: Transport, maxBytes: number): MessageStream {
  const decoder = transport === 'framed' ? new FrameDecoder(maxBytes) : new UnframedDecoder(maxBytes)
  return {
    encode: transport === 'framed' ? encodeFrame : (message) => message,
    push: (chunk) => decoder.push(chunk),
    keptBytes: () => decoder.keptBytes,
    next: () => decoder.next(),
  }
}

/** The stream inside of the frames that SASL puts around whatever is sent. */
export function insideSaslFrames(inner: MessageStream, maxBytes: number): MessageStream {
  const frames = new FrameDecoder(maxBytes)
  return {
    encode: (message) => encodeFrame(inner.encode(message)),
    push(chunk) {
      frames.push(chunk)
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) inner.push(frame)
    },
    keptBytes: () => frames.keptBytes + inner.keptBytes(),
    next: () => inner.next(),
  }
}
