/** Every cap on what an RTMP peer can make this server allocate or wait for. */

/** Largest message a chunk header can announce: its length field has 24 bits (RTMP 1.0 §5.3.1.2.1). */
export const maxMessageBytes = 0xffffff

/** Messages begun and not finished, over all chunk streams of a connection. Real peers interleave two or three. */
export const maxPartialMessages = 32

/** Announced bytes of all unfinished messages of a connection. */
export const maxPartialBytes = 32 * 1024 * 1024

/** Chunk streams of one connection that keep state. Real peers use fewer than ten. */
export const maxChunkStreams = 1024

/** Smallest chunk size a peer may set (SRS error 2010 below it). */
export const minChunkSize = 128

/** Largest chunk size that has an effect: no message is longer. */
export const maxChunkSize = 0xffffff

/** Chunk size of both directions until a Set Chunk Size arrives (RTMP 1.0 §5.4.1). */
export const initialChunkSize = 128

/** Body of the 0xF3 header that a go-oryx RTMP proxy sends before the handshake (SRS error 2054 above it). */
export const maxProxyHeaderBytes = 1024

/** A larger payload gets a buffer of its own, which grows with what has arrived and never with what was announced. */
export const maxSharedPayloadBytes = 64 * 1024

/** Slabs of received payload: the first, for commands that are not small; the least and the largest of a stream. */
export const firstSlabBytes = 256
export const minSlabBytes = 4 * 1024
export const maxSlabBytes = 256 * 1024

/** Full slabs of a publisher that are freed as soon as its stream has forgotten them; older ones are left to the collector. */
export const maxKeptSlabs = 256
