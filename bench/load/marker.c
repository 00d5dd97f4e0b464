#include "marker.h"

#include <string.h>

/* filler data NAL header · 8 bytes of magic · 6 of sequence · 11 of time · RBSP stop bit */
static const char magic[] = "\x0cSLUICEmk";
enum { MAGIC_LENGTH = 9, SEQUENCE_LENGTH = 6, TIME_LENGTH = 11 };

static uint8_t *put(uint8_t *p, uint64_t value, int digits) {
  for (int i = digits - 1; i >= 0; i--) *p++ = 0x40 | (value >> (6 * i) & 63);
  return p;
}

static const uint8_t *get(const uint8_t *p, uint64_t *value, int digits) {
  *value = 0;
  for (int i = 0; i < digits; i++) *value = *value << 6 | (*p++ & 63);
  return p;
}

void marker_write(uint8_t out[MARKER_NAL_LENGTH], const struct mark *mark) {
  memcpy(out, magic, MAGIC_LENGTH);
  uint8_t *p = put(out + MAGIC_LENGTH, mark->sequence, SEQUENCE_LENGTH);
  p = put(p, mark->nanos, TIME_LENGTH);
  *p = 0x80;
}

bool marker_read(const uint8_t *nal, uint32_t length, struct mark *mark) {
  if (length != MARKER_NAL_LENGTH || memcmp(nal, magic, MAGIC_LENGTH) != 0) return false;
  const uint8_t *p = get(nal + MAGIC_LENGTH, &mark->sequence, SEQUENCE_LENGTH);
  get(p, &mark->nanos, TIME_LENGTH);
  return true;
}
