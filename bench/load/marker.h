/*
 * The mark in a published H.264 frame: a filler data NAL unit (H.264 §7.3.2.7, type 12, allowed after the picture,
 * ignored by decoders) with a magic word, the frame's sequence number and the time at which the publisher handed the
 * frame's last byte to its socket. Numbers are written six bits a byte over 0x40, so that no byte is ever zero.
 */
#ifndef MARKER_H
#define MARKER_H

#include "load.h"

#define MARKER_NAL_LENGTH 27

struct mark {
  uint64_t sequence, nanos;
};

/* Writes the NAL unit, without its length prefix. */
void marker_write(uint8_t out[MARKER_NAL_LENGTH], const struct mark *mark);
bool marker_read(const uint8_t *nal, uint32_t length, struct mark *mark);

#endif
