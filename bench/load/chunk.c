#include "chunk.h"

#include <stdlib.h>
#include <string.h>

void chunk_reader_init(struct chunk_reader *r) {
  memset(r, 0, sizeof *r);
  r->chunk_size = 128;
}

void chunk_reader_free(struct chunk_reader *r) {
  for (unsigned i = 0; i < r->stream_count; i++) free(r->streams[i].body);
  r->stream_count = 0;
}

static struct chunk_stream *find(struct chunk_reader *r, uint32_t id) {
  for (unsigned i = 0; i < r->stream_count; i++)
    if (r->streams[i].id == id) return &r->streams[i];
  return NULL;
}

static unsigned basic_length(const uint8_t *head) {
  unsigned low = head[0] & 63;
  return low == 0 ? 2 : low == 1 ? 3 : 1;
}

static uint32_t stream_id(const uint8_t *head) {
  unsigned low = head[0] & 63;
  return low == 0 ? 64u + head[1] : low == 1 ? 64u + head[1] + 256u * head[2] : low;
}

/* Bytes of the chunk head that are known to be wanted, given those that are here. */
static unsigned head_wanted(struct chunk_reader *r) {
  static const unsigned message_head[] = {11, 7, 3, 0};
  if (r->head_have == 0) return 1;
  unsigned basic = basic_length(r->head), format = r->head[0] >> 6;
  if (r->head_have < basic) return basic;
  unsigned wanted = basic + message_head[format];
  if (r->head_have < wanted) return wanted;
  struct chunk_stream *s = find(r, stream_id(r->head));
  bool extended = format == 3 ? s && s->extended : read24(r->head + basic) == 0xffffff;
  return extended ? wanted + 4 : wanted;
}

static failure begin_message(struct chunk_stream *s, unsigned format, const uint8_t *fields, uint32_t time_field) {
  if (s->have > 0) return "a new message header inside an unfinished message";
  if (!s->seen && format != 0) return "first chunk of a chunk stream is not of type 0";
  if (format <= 1) {
    s->length = read24(fields + 3);
    s->type = fields[6];
  }
  if (format == 0) {
    s->stream = (uint32_t)fields[7] | (uint32_t)fields[8] << 8 | (uint32_t)fields[9] << 16 | (uint32_t)fields[10] << 24;
    s->time = time_field;
    s->delta = time_field;
  } else {
    if (format != 3) s->delta = time_field;
    s->time += s->delta;
  }
  s->seen = true;
  if (s->capacity < s->length) s->body = reallocate(s->body, s->capacity = s->length);
  return NULL;
}

/* The head is complete: apply it. */
static failure begin_chunk(struct chunk_reader *r) {
  unsigned basic = basic_length(r->head), format = r->head[0] >> 6;
  const uint8_t *fields = r->head + basic;
  uint32_t id = stream_id(r->head);
  struct chunk_stream *s = find(r, id);
  if (!s) {
    if (r->stream_count == MAX_CHUNK_STREAMS) return "more than 16 chunk streams";
    s = &r->streams[r->stream_count++];
    s->id = id;
  }
  uint32_t time_field = 0;
  if (format != 3) {
    time_field = read24(fields);
    s->extended = time_field == 0xffffff;
    if (s->extended) time_field = read32(r->head + r->head_have - 4);
  }
  if (format != 3 || s->have == 0) {
    failure f = begin_message(s, format, fields, time_field);
    if (f) return f;
  }
  uint32_t left = s->length - s->have;
  r->current = s;
  r->payload_left = left < r->chunk_size ? left : r->chunk_size;
  return NULL;
}

/* The messages that the chunk layer itself obeys. */
static failure obey(struct chunk_reader *r, const struct message *m) {
  if (m->type == SET_CHUNK_SIZE) {
    if (m->length != 4) return "Set Chunk Size is not 4 bytes long";
    r->chunk_size = read32(m->body);
    if (r->chunk_size == 0 || r->chunk_size > 0x7fffffff) return "chunk size out of range";
  }
  if (m->type == ABORT && m->length == 4) {
    struct chunk_stream *s = find(r, read32(m->body));
    if (s) s->have = 0;
  }
  return NULL;
}

static failure end_chunk(struct chunk_reader *r, message_sink *sink, void *owner) {
  struct chunk_stream *s = r->current;
  r->current = NULL;
  r->head_have = 0;
  if (s->have < s->length) return NULL;
  s->have = 0;
  struct message m = {.type = s->type, .time = s->time, .stream = s->stream, .length = s->length, .body = s->body};
  failure f = obey(r, &m);
  return f ? f : sink(owner, &m);
}

failure chunk_read(struct chunk_reader *r, const uint8_t *data, size_t size, message_sink *sink, void *owner) {
  const uint8_t *end = data + size;
  while (data < end) {
    failure f = NULL;
    if (!r->current) {
      unsigned wanted = head_wanted(r);
      if (r->head_have < wanted) {
        r->head[r->head_have++] = *data++;
        wanted = head_wanted(r);
      }
      if (r->head_have < wanted) continue;
      if ((f = begin_chunk(r))) return f;
    }
    size_t n = (size_t)(end - data) < r->payload_left ? (size_t)(end - data) : r->payload_left;
    if (n) memcpy(r->current->body + r->current->have, data, n);
    data += n;
    r->current->have += (uint32_t)n;
    r->payload_left -= (uint32_t)n;
    if (r->payload_left == 0 && (f = end_chunk(r, sink, owner))) return f;
  }
  return NULL;
}

size_t chunk_room(uint32_t length, uint32_t chunk_size) {
  return length + MAX_CHUNK_HEAD + ((size_t)length / chunk_size) * 5;
}

size_t chunk_write(uint8_t *out, uint8_t chunk_stream_id, const struct message *m, uint32_t chunk_size) {
  uint8_t *p = out;
  bool extended = m->time >= 0xffffff;
  *p++ = chunk_stream_id;
  p = write24(p, extended ? 0xffffff : m->time);
  p = write24(p, m->length);
  *p++ = m->type;
  for (int shift = 0; shift < 32; shift += 8) *p++ = (uint8_t)(m->stream >> shift);
  if (extended) p = write32(p, m->time);
  for (uint32_t at = 0; at < m->length;) {
    if (at > 0) {
      *p++ = 0xc0 | chunk_stream_id;
      if (extended) p = write32(p, m->time);
    }
    uint32_t n = m->length - at < chunk_size ? m->length - at : chunk_size;
    memcpy(p, m->body + at, n);
    p += n;
    at += n;
  }
  return (size_t)(p - out);
}
