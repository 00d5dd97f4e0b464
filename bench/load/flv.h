/* FLV (Adobe FLV 10.1 annex E): a file to publish, and a reader for a stream that arrives in portions. */
#ifndef FLV_H
#define FLV_H

#include "load.h"

struct flv_reader {
  enum { FLV_HEADER, FLV_TAG_HEAD, FLV_TAG_BODY } state;
  uint8_t *buffer;
  uint32_t have, wanted, capacity;
  struct message tag;
};

void flv_reader_init(struct flv_reader *reader);
void flv_reader_free(struct flv_reader *reader);
failure flv_read(struct flv_reader *reader, const uint8_t *data, size_t size, message_sink *sink, void *owner);

struct flv_file {
  struct message *tags;
  unsigned count;
  /* How much later, in ms, the next round of a loop starts. */
  uint32_t span;
  /* Bytes of an H.264 NAL length prefix; 0 when the video is not H.264. */
  unsigned nal_length_size;
};

/* Exits with a message when the file cannot be read or is no FLV. */
void flv_file_load(struct flv_file *file, const char *path);

/* A sequence header, not a frame. */
bool flv_is_header(const struct message *tag);

#endif
