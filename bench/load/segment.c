#include "segment.h"

#include <string.h>

enum { BOX_HEAD = 8, LARGE_BOX_HEAD = 16, FIRST_VIDEO_STREAM = 0xe0, LAST_VIDEO_STREAM = 0xef };

/* A playlist tells durations in milliseconds; a picture may be reordered. */
static const double time_tolerance_seconds = 0.25;

void segment_check_init(struct segment_check *c) {
  memset(c, 0, sizeof *c);
  memset(c->continuity, -1, sizeof c->continuity);
  c->first = c->before = -1;
}

void segment_begin(struct segment_check *c, bool discontinuity) {
  c->kind = SEGMENT_EMPTY;
  c->have = 0;
  c->left = 0;
  c->media_seen = false;
  c->before = discontinuity ? -1 : c->first;
  c->first = -1;
  if (discontinuity) memset(c->continuity, -1, sizeof c->continuity);
}

/* PTS of a PES packet of video that starts here (ISO/IEC 13818-1 §2.4.3.6); -1 when there is none. */
static int64_t picture_time(const uint8_t *pes, unsigned size) {
  if (size < 14 || read24(pes) != 1 || pes[3] < FIRST_VIDEO_STREAM || pes[3] > LAST_VIDEO_STREAM) return -1;
  if (!(pes[7] & 0x80)) return -1;
  return (int64_t)(pes[9] >> 1 & 7) << 30 | (int64_t)pes[10] << 22 | (int64_t)(pes[11] >> 1) << 15 |
    (int64_t)pes[12] << 7 | pes[13] >> 1;
}

static failure ts_packet(struct segment_check *c) {
  const uint8_t *p = c->bytes;
  if (p[0] != 0x47) return "MPEG-TS packet without its sync byte";
  if (p[1] & 0x80) return "MPEG-TS packet marked as faulty";
  unsigned pid = read16(p + 1) & 0x1fff, payload = 4;
  if (c->kind == SEGMENT_EMPTY && pid != 0) return "segment does not begin with a PAT";
  c->kind = SEGMENT_TS;
  if (p[3] & 0x20) payload += 1u + p[4];
  if (payload > TS_PACKET) return "adaptation field longer than its packet";
  if (!(p[3] & 0x10) || pid == 0x1fff) return NULL;
  int8_t counter = p[3] & 15, expected = (int8_t)((c->continuity[pid] + 1) & 15);
  if (c->continuity[pid] >= 0 && counter != expected) return "continuity counter jumps";
  c->continuity[pid] = counter;
  if (!(p[1] & 0x40)) return NULL;
  if (payload + 3 <= TS_PACKET && read24(p + payload) == 1) c->media_seen = true;
  int64_t time = picture_time(p + payload, TS_PACKET - payload);
  if (time < 0) return NULL;
  c->pictures++;
  if (c->first < 0) c->first = time;
  return NULL;
}

/* A box's length and type (ISO/IEC 14496-12 §4.2), once they are complete. */
static failure box_head(struct segment_check *c) {
  uint64_t size = read32(c->bytes), head = BOX_HEAD;
  if (size == 1) {
    head = LARGE_BOX_HEAD;
    if (c->have < head) return NULL;
    size = (uint64_t)read32(c->bytes + 8) << 32 | read32(c->bytes + 12);
  }
  if (size < head) return "MP4 box shorter than its head";
  c->kind = SEGMENT_BOXES;
  if (memcmp(c->bytes + 4, "mdat", 4) == 0) c->media_seen = true;
  c->left = size - head;
  c->have = 0;
  return NULL;
}

static failure byte_of_box(struct segment_check *c, uint8_t byte) {
  c->bytes[c->have++] = byte;
  return c->have < BOX_HEAD ? NULL : box_head(c);
}

failure segment_bytes(struct segment_check *c, const uint8_t *data, size_t size) {
  failure f = NULL;
  while (size > 0 && !f) {
    bool is_ts = c->kind == SEGMENT_TS || (c->kind == SEGMENT_EMPTY && (c->have ? c->bytes[0] : *data) == 0x47);
    size_t n = 1;
    if (is_ts) {
      n = size < TS_PACKET - c->have ? size : TS_PACKET - c->have;
      memcpy(c->bytes + c->have, data, n);
      c->have += (uint32_t)n;
      if (c->have == TS_PACKET) {
        f = ts_packet(c);
        c->have = 0;
      }
    } else if (c->left > 0) {
      n = size < c->left ? size : c->left;
      c->left -= n;
    } else f = byte_of_box(c, *data);
    data += n;
    size -= n;
  }
  return f;
}

failure segment_end(struct segment_check *c, double seconds) {
  if (c->kind == SEGMENT_EMPTY) return "empty segment";
  if (c->have > 0 || c->left > 0) return "segment ends within a packet or box";
  if (!c->media_seen) return "segment without media";
  if (c->first < 0) return NULL;
  double step = (double)(c->first - c->before) / 90000;
  bool follows = c->before < 0 || (step - c->seconds_before < time_tolerance_seconds && c->seconds_before - step < time_tolerance_seconds);
  c->seconds_before = seconds;
  return follows ? NULL : "times of a segment do not follow those of the one before";
}
