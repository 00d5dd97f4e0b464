/** How long peers are waited for that may be gone without a word. */

/** From the connection to the end of the TLS handshake. */
export const handshakeTimeoutMillis = 10_000

/** A connection on which nothing moves is probed by the kernel after this long: the only way to notice some peers' end. */
export const keepAliveMillis = 60_000
