/* RTMP chunk stream (RTMP 1.0 §5.3), both directions. */
#ifndef CHUNK_H
#define CHUNK_H

#include "load.h"

#define MAX_CHUNK_STREAMS 16
#define MAX_CHUNK_HEAD 18

struct chunk_stream {
  uint32_t id, time, delta, length, stream, have, capacity;
  uint8_t type;
  bool seen, extended;
  uint8_t *body;
};

struct chunk_reader {
  uint32_t chunk_size, head_have, payload_left;
  uint8_t head[MAX_CHUNK_HEAD];
  unsigned stream_count;
  struct chunk_stream streams[MAX_CHUNK_STREAMS], *current;
};

void chunk_reader_init(struct chunk_reader *reader);
void chunk_reader_free(struct chunk_reader *reader);
/* Takes bytes in any portions and calls `sink` for each complete message. Strict: a violation ends the reading. */
failure chunk_read(struct chunk_reader *reader, const uint8_t *data, size_t size, message_sink *sink, void *owner);

/* Room that `chunk_write` needs at most for a message of `length` bytes. */
size_t chunk_room(uint32_t length, uint32_t chunk_size);
/* Writes a message with a type 0 header and type 3 continuations; returns the bytes written. */
size_t chunk_write(uint8_t *out, uint8_t chunk_stream_id, const struct message *message, uint32_t chunk_size);

#endif
