/* Playlists of HLS (RFC 8216 §4.3), read as a player reads them. */
#ifndef PLAYLIST_H
#define PLAYLIST_H

#include "load.h"

struct listed_segment {
  const char *uri;
  double seconds;
  bool discontinuity, encrypted;
  /* URI of the init segment, or NULL. */
  const char *map;
};

struct playlist {
  /* Only `variant` is set. */
  bool is_master;
  const char *variant;
  uint64_t media_sequence;
  double target_duration;
  unsigned count, capacity;
  struct listed_segment *segments;
  /* What all of the above points into. */
  char *text;
};

/* Takes over `text`, which ends in a NUL. What was read before is freed. */
failure playlist_read(struct playlist *list, char *text);
void playlist_free(struct playlist *list);
/* `uri` as the target of a request to the same server, given the path of the list; false when there is no room. */
bool playlist_resolve(char *out, size_t room, const char *list_path, const char *uri);

#endif
