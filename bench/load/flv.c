#include "flv.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER_LENGTH = 9 + 4, TAG_HEAD_LENGTH = 11, PREVIOUS_TAG_SIZE_LENGTH = 4 };

static void expect(struct flv_reader *r, int state, uint32_t wanted) {
  r->state = state;
  r->have = 0;
  r->wanted = wanted;
  if (r->capacity < wanted) r->buffer = reallocate(r->buffer, r->capacity = wanted);
}

void flv_reader_init(struct flv_reader *r) {
  memset(r, 0, sizeof *r);
  expect(r, FLV_HEADER, HEADER_LENGTH);
}

void flv_reader_free(struct flv_reader *r) {
  free(r->buffer);
  r->buffer = NULL;
  r->capacity = 0;
}

static failure file_header(struct flv_reader *r) {
  const uint8_t *b = r->buffer;
  if (memcmp(b, "FLV\1", 4) != 0) return "not an FLV header";
  if (b[4] & ~5) return "reserved flags in the FLV header";
  if (read32(b + 5) != 9) return "FLV data offset is not 9";
  if (read32(b + 9) != 0) return "first previous tag size is not 0";
  expect(r, FLV_TAG_HEAD, TAG_HEAD_LENGTH);
  return NULL;
}

static failure tag_head(struct flv_reader *r) {
  const uint8_t *b = r->buffer;
  if (b[0] != AUDIO && b[0] != VIDEO && b[0] != DATA) return "unknown FLV tag type";
  if (read24(b + 8) != 0) return "FLV stream id is not 0";
  r->tag = (struct message){.type = b[0], .length = read24(b + 1), .time = read24(b + 4) | (uint32_t)b[7] << 24};
  expect(r, FLV_TAG_BODY, r->tag.length + PREVIOUS_TAG_SIZE_LENGTH);
  return NULL;
}

static failure tag_body(struct flv_reader *r, message_sink *sink, void *owner) {
  if (read32(r->buffer + r->tag.length) != r->tag.length + TAG_HEAD_LENGTH) return "wrong previous tag size";
  r->tag.body = r->buffer;
  failure f = sink(owner, &r->tag);
  expect(r, FLV_TAG_HEAD, TAG_HEAD_LENGTH);
  return f;
}

failure flv_read(struct flv_reader *r, const uint8_t *data, size_t size, message_sink *sink, void *owner) {
  while (size > 0) {
    size_t n = size < r->wanted - r->have ? size : r->wanted - r->have;
    memcpy(r->buffer + r->have, data, n);
    r->have += (uint32_t)n;
    data += n;
    size -= n;
    if (r->have < r->wanted) return NULL;
    failure f = r->state == FLV_HEADER ? file_header(r)
      : r->state == FLV_TAG_HEAD ? tag_head(r) : tag_body(r, sink, owner);
    if (f) return f;
  }
  return NULL;
}

bool flv_is_header(const struct message *tag) {
  if (tag->length < 2) return false;
  const uint8_t *b = tag->body;
  if (tag->type == AUDIO) return (b[0] >> 4 == 10 && b[1] == 0) || (b[0] >> 4 == 9 && (b[0] & 15) == 0);
  if (tag->type == VIDEO) return b[0] & 0x80 ? (b[0] & 15) == 0 : ((b[0] & 15) == 7 || (b[0] & 15) == 12) && b[1] == 0;
  return false;
}

static void die(const char *path, const char *why) {
  fprintf(stderr, "load: %s: %s\n", path, why);
  exit(2);
}

static uint8_t *whole_file(const char *path, size_t *size) {
  FILE *f = fopen(path, "rb");
  if (!f) die(path, "cannot be opened");
  fseek(f, 0, SEEK_END);
  *size = (size_t)ftell(f);
  rewind(f);
  uint8_t *bytes = allocate(*size + 1);
  if (fread(bytes, 1, *size, f) != *size) die(path, "cannot be read");
  fclose(f);
  return bytes;
}

struct loading {
  struct flv_file *file;
  unsigned capacity;
  uint32_t last[2], previous[2];
};

static failure add_tag(void *owner, const struct message *tag) {
  struct loading *loading = owner;
  struct flv_file *file = loading->file;
  if (file->count == loading->capacity)
    file->tags = reallocate(file->tags, (loading->capacity = loading->capacity * 2 + 256) * sizeof *file->tags);
  struct message *copy = &file->tags[file->count++];
  *copy = *tag;
  copy->body = memcpy(allocate(tag->length + 1), tag->body, tag->length);
  if (tag->type == VIDEO && tag->length > 9 && (tag->body[0] & 0x8f) == 7 && tag->body[1] == 0)
    file->nal_length_size = (tag->body[9] & 3) + 1u;
  if (tag->type != DATA && !flv_is_header(tag)) {
    unsigned track = tag->type == VIDEO;
    loading->previous[track] = loading->last[track];
    loading->last[track] = tag->time;
  }
  return NULL;
}

void flv_file_load(struct flv_file *file, const char *path) {
  struct loading loading = {.file = file};
  struct flv_reader reader;
  size_t size;
  uint8_t *bytes = whole_file(path, &size);
  memset(file, 0, sizeof *file);
  flv_reader_init(&reader);
  failure f = flv_read(&reader, bytes, size, add_tag, &loading);
  if (f) die(path, f);
  if (file->count == 0) die(path, "has no FLV tags");
  for (unsigned track = 0; track < 2; track++) {
    uint32_t end = loading.last[track] + (loading.last[track] - loading.previous[track]);
    if (end > file->span) file->span = end;
  }
  if (file->span == 0) die(path, "has no duration");
  flv_reader_free(&reader);
  free(bytes);
}
