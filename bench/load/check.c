#include "check.h"

#include "flv.h"
#include "marker.h"

enum { SOUND_AAC = 10, CODEC_AVC = 7, ENHANCED = 0x80 };

static failure check_time(struct media_check *c, unsigned track, uint32_t time) {
  bool back = c->seen[track] && (int32_t)(time - c->last[track]) < 0;
  c->seen[track] = true;
  c->last[track] = time;
  return !back ? NULL : track ? "video time goes back" : "audio time goes back";
}

static failure check_mark(struct media_check *c, const struct mark *mark, uint64_t now) {
  if (c->marked && mark->sequence <= c->mark_sequence) return "marked frame out of order";
  if (c->marked) c->skipped += mark->sequence - c->mark_sequence - 1;
  c->marked = true;
  c->mark_sequence = mark->sequence;
  if (c->latency && now >= mark->nanos) histogram_add(c->latency, now - mark->nanos);
  return NULL;
}

/* The NAL units must fill the frame exactly; the mark is the last one. */
static failure check_h264(struct media_check *c, const struct message *m, uint64_t now) {
  uint32_t at = 5, prefix = c->nal_length_size;
  struct mark mark;
  bool marked = false;
  while (at < m->length) {
    uint32_t length = 0;
    if (m->length - at < prefix) return "NAL units do not fill the video frame";
    for (uint32_t i = 0; i < prefix; i++) length = length << 8 | m->body[at + i];
    at += prefix;
    if (length > m->length - at) return "NAL units do not fill the video frame";
    marked = marker_read(m->body + at, length, &mark);
    at += length;
  }
  if (marked) return check_mark(c, &mark, now);
  return c->marked ? "video frame without its mark" : NULL;
}

static failure check_video(struct media_check *c, const struct message *m, uint64_t now) {
  if (m->length < 5) return "video message under 5 bytes";
  unsigned frame_type = m->body[0] >> 4 & 7;
  if (frame_type < 1 || frame_type > 5) return "unknown video frame type";
  if (flv_is_header(m)) {
    c->header_seen[1] = true;
    if ((m->body[0] & 15) == CODEC_AVC && m->length > 9) c->nal_length_size = (m->body[9] & 3) + 1u;
    return NULL;
  }
  bool h264 = !(m->body[0] & ENHANCED) && (m->body[0] & 15) == CODEC_AVC;
  if (h264 && m->body[1] != 1) return m->body[1] == 2 ? NULL : "unknown AVC packet type";
  if (h264 && !c->header_seen[1]) return "video frame before its sequence header";
  c->frame_seen = c->video_seen = true;
  c->frames++;
  return h264 ? check_h264(c, m, now) : NULL;
}

static failure check_audio(struct media_check *c, const struct message *m) {
  if (m->length < 2) return "audio message under 2 bytes";
  if (flv_is_header(m)) {
    c->header_seen[0] = true;
    return NULL;
  }
  if (m->body[0] >> 4 == SOUND_AAC) {
    if (m->body[1] != 1) return "unknown AAC packet type";
    if (!c->header_seen[0]) return "audio frame before its sequence header";
  }
  c->frame_seen = true;
  c->frames++;
  return NULL;
}

failure media_check(struct media_check *c, const struct message *m, uint64_t now) {
  /* Some servers end a sequence with an empty message. */
  if (m->length == 0) return NULL;
  failure order = check_time(c, m->type == VIDEO, m->time);
  failure content = m->type == VIDEO ? check_video(c, m, now) : check_audio(c, m);
  return order ? order : content;
}
