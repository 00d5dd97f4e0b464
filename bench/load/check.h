/* Checks of the media that a viewer receives, whatever the protocol. */
#ifndef CHECK_H
#define CHECK_H

#include "load.h"

struct media_check {
  bool seen[2], header_seen[2];
  uint32_t last[2];
  unsigned nal_length_size;
  /* A coded frame, a coded video frame has arrived. */
  bool frame_seen, video_seen;
  bool marked;
  uint64_t mark_sequence;
  uint64_t frames, skipped;
  /* NULL outside of the measured window. */
  struct histogram *latency;
};

/* Audio and video messages only. `now` is when the message's last byte was read. */
failure media_check(struct media_check *check, const struct message *message, uint64_t now);

#endif
