#include "playlist.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SEGMENTS = 100000 };

void playlist_free(struct playlist *list) {
  free(list->text);
  free(list->segments);
  memset(list, 0, sizeof *list);
}

/* The value of an attribute in quotes, ended with a NUL in place. */
static const char *quoted(char *line, const char *name) {
  char *at = strstr(line, name);
  if (!at) return NULL;
  at += strlen(name);
  char *end = strchr(at, '"');
  if (!end) return NULL;
  *end = 0;
  return at;
}

static bool tag(const char *line, const char *name, const char **value) {
  size_t n = strlen(name);
  if (strncmp(line, name, n) != 0) return false;
  *value = line + n;
  return true;
}

static failure add(struct playlist *list, const struct listed_segment *segment) {
  if (list->count == MAX_SEGMENTS) return "more segments than a playlist may have";
  if (list->count == list->capacity) {
    list->capacity = list->capacity ? list->capacity * 2 : 16;
    list->segments = reallocate(list->segments, list->capacity * sizeof *list->segments);
  }
  list->segments[list->count++] = *segment;
  return NULL;
}

/* The target duration is that of every segment, rounded, at most (RFC 8216 §4.3.3.1). */
static failure check(const struct playlist *list) {
  if (list->is_master) return list->variant ? NULL : "master playlist without a variant";
  if (list->target_duration < 1) return "playlist without a target duration";
  for (unsigned i = 0; i < list->count; i++)
    if (list->segments[i].seconds >= list->target_duration + 0.5) return "segment longer than the target duration";
  return NULL;
}

static failure line_of(struct playlist *list, struct listed_segment *next, char *line) {
  const char *v;
  if (*line == 0) return NULL;
  if (tag(line, "#EXT-X-STREAM-INF:", &v)) list->is_master = true;
  else if (tag(line, "#EXT-X-MEDIA-SEQUENCE:", &v)) list->media_sequence = strtoull(v, NULL, 10);
  else if (tag(line, "#EXT-X-TARGETDURATION:", &v)) list->target_duration = strtod(v, NULL);
  else if (tag(line, "#EXTINF:", &v)) next->seconds = strtod(v, NULL);
  else if (tag(line, "#EXT-X-DISCONTINUITY-SEQUENCE:", &v)) return NULL;
  else if (tag(line, "#EXT-X-DISCONTINUITY", &v)) next->discontinuity = true;
  else if (tag(line, "#EXT-X-KEY:", &v)) next->encrypted = strstr(v, "METHOD=NONE") == NULL;
  else if (tag(line, "#EXT-X-MAP:", &v)) next->map = quoted(line, "URI=\"");
  if (*line == '#') return NULL;
  if (list->is_master) {
    if (!list->variant) list->variant = line;
    return NULL;
  }
  if (next->seconds <= 0) return "segment without a duration";
  next->uri = line;
  failure f = add(list, next);
  next->discontinuity = false;
  next->seconds = 0;
  return f;
}

failure playlist_read(struct playlist *list, char *text) {
  struct listed_segment next = {0};
  playlist_free(list);
  list->text = text;
  if (strncmp(text, "#EXTM3U", 7) != 0) return "not a playlist";
  for (char *line = text; line;) {
    char *end = strchr(line, '\n'), *after = end ? end + 1 : NULL;
    if (end) *end = 0;
    line[strcspn(line, "\r")] = 0;
    failure f = line_of(list, &next, line);
    if (f) return f;
    line = after;
  }
  return check(list);
}

bool playlist_resolve(char *out, size_t room, const char *list_path, const char *uri) {
  const char *authority = strstr(uri, "://");
  int folder = 0;
  if (authority && strcspn(uri, "/?") > (size_t)(authority - uri)) {
    uri = strchr(authority + 3, '/');
    if (!uri) uri = "/";
  } else if (*uri != '/') {
    int path = (int)strcspn(list_path, "?");
    while (path > 0 && list_path[path - 1] != '/') path--;
    folder = path;
  }
  int n = snprintf(out, room, "%.*s%s", folder, list_path, uri);
  return n > 0 && (size_t)n < room;
}
