/* Checks of the segments that one HLS player gets, one after the other: MPEG-TS or fragmented MP4. */
#ifndef SEGMENT_H
#define SEGMENT_H

#include "load.h"

#define TS_PACKET 188
#define TS_PIDS 8192

struct segment_check {
  enum { SEGMENT_EMPTY, SEGMENT_TS, SEGMENT_BOXES } kind;
  /* A TS packet, or the head of a box. */
  uint32_t have;
  uint8_t bytes[TS_PACKET];
  /* Of a box. */
  uint64_t left;
  bool media_seen;
  /* Across segments; -1: none yet. */
  int8_t continuity[TS_PIDS];
  /* Times of the first pictures of this segment and of the one before, in units of 1/90000 s; -1: none. */
  int64_t first, before;
  double seconds_before;
  uint64_t pictures;
};

void segment_check_init(struct segment_check *check);
/* `discontinuity`: nothing need follow what came before. */
void segment_begin(struct segment_check *check, bool discontinuity);
failure segment_bytes(struct segment_check *check, const uint8_t *data, size_t size);
/* `seconds`: as the playlist says. */
failure segment_end(struct segment_check *check, double seconds);

#endif
