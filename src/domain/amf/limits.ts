/** Caps on what an AMF message may make this server build. Real commands and metadata stay far below all of them. */

/** Objects and arrays inside each other. */
export const maxDepth = 64

/** Values of a message, members of objects and arrays counted, and shared ones each time they are referred to. */
export const maxValues = 65_536

/** Bytes of all strings, member names and byte arrays of a message, shared ones each time they are referred to. */
export const maxStringBytes = 1024 * 1024
