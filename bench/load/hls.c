/*
 * N players of one HLS stream: each polls its list, gets each new segment once over one connection that is kept alive,
 * and plays on the clock what it has. A sample of them checks what is in the segments; the others only count.
 */
#define _GNU_SOURCE
#include "net.h"
#include "playlist.h"
#include "report.h"
#include "segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MAX_EVENTS = 1024, MAX_PENDING = 1000, READ_ROOM = 1 << 18, HEAD_ROOM = 4096, MAX_PATH = 2048 };
enum { TICK_NANOS = 5000000, MAX_LIST_LENGTH = 1 << 22, MAX_REASONS = 8 };
/* A player begins no nearer to the end of a list than this (RFC 8216 §6.3.3). */
static const double start_target_durations = 3;
static const double nanos = 1e9;

struct player {
  int fd;
  enum { CLOSED, CONNECTING, IDLE, HEAD, BODY } state;
  enum { LIST, MAP, SEGMENT } wanted;
  unsigned index;
  bool checked, started, joined;
  char list_path[MAX_PATH];
  struct playlist list;
  /* The init segment that was got last. */
  char *map;
  /* Number of the segment that comes next. */
  uint64_t next;
  uint64_t opened_at, asked_at, list_asked_at, due;
  /* Of the answer: its head so far, and what is left of the body. */
  uint32_t head_have;
  char head[HEAD_ROOM];
  uint64_t left;
  char *text;
  size_t text_have;
  struct segment_check *check;
  /* Playback: when it began, how much media came, and for how long there was none to play; nanoseconds. */
  uint64_t playing_since, media, stalled, window_stalled;
  uint64_t window_bytes, last_read, worst_gap;
};

static struct run {
  const struct options *options;
  struct sockaddr_in target;
  int epoll;
  struct player *players;
  unsigned opened, pending, live, failed, closed_early;
  struct phase phase;
  struct self self;
  struct histogram start, list_time, segment_time;
  uint64_t lists, segments;
  unsigned errors, reasons;
  struct { failure why; unsigned index; } reason[MAX_REASONS];
  const char *first_failure;
} run;

static bool measuring(void) { return run.phase.current == MEASURING; }

static void end(struct player *p, failure why) {
  if (!run.first_failure) run.first_failure = why;
  if (p->started) {
    run.live--;
    run.closed_early++;
  } else {
    run.pending--;
    run.failed++;
  }
  p->state = CLOSED;
  close(p->fd);
  playlist_free(&p->list);
  free(p->text);
  free(p->map);
  free(p->check);
  p->text = p->map = NULL;
  p->check = NULL;
}

static void note_error(const struct player *p, failure why) {
  run.errors++;
  if (run.reasons < MAX_REASONS) {
    run.reason[run.reasons].why = why;
    run.reason[run.reasons++].index = p->index;
  }
}

static failure request(struct player *p, int wanted, const char *path) {
  char out[MAX_PATH + 512];
  p->wanted = wanted;
  p->state = HEAD;
  p->head_have = 0;
  p->asked_at = now_nanos();
  int n = snprintf(out, sizeof out, "GET %s HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: sluice-load\r\nAccept: */*\r\n\r\n", path,
    run.options->host, run.options->port);
  return net_send(p->fd, out, (size_t)n) ? NULL : "the request could not be sent";
}

static failure request_list(struct player *p) {
  p->list_asked_at = now_nanos();
  return request(p, LIST, p->list_path);
}

static failure request_uri(struct player *p, int wanted, const char *uri) {
  char path[MAX_PATH];
  if (!playlist_resolve(path, sizeof path, p->list_path, uri)) return "URI in a playlist is too long";
  return request(p, wanted, path);
}

static const struct listed_segment *next_segment(const struct player *p) {
  uint64_t at = p->next - p->list.media_sequence;
  return at < p->list.count ? &p->list.segments[at] : NULL;
}

/* The next thing to get: a new init segment, a segment, or after a pause the list. */
static failure proceed(struct player *p, bool list_changed) {
  const struct listed_segment *s = next_segment(p);
  if (s && s->map && (!p->map || strcmp(p->map, s->map) != 0)) return request_uri(p, MAP, s->map);
  if (s) return request_uri(p, SEGMENT, s->uri);
  p->state = IDLE;
  /* RFC 8216 §6.3.4. */
  double pause = p->list.target_duration * (list_changed ? 1 : 0.5);
  p->due = p->list_asked_at + (uint64_t)(pause * nanos);
  return NULL;
}

static void join(struct player *p) {
  double before_end = 0;
  unsigned at = p->list.count;
  while (at > 0 && before_end < start_target_durations * p->list.target_duration)
    before_end += p->list.segments[--at].seconds;
  p->joined = true;
  p->next = p->list.media_sequence + at;
}

static failure on_list(struct player *p) {
  uint64_t sequence = p->list.media_sequence, count = p->list.count;
  char *text = p->text;
  p->text = NULL;
  failure f = playlist_read(&p->list, text);
  if (f) return f;
  if (p->list.is_master) {
    char path[MAX_PATH];
    if (!playlist_resolve(path, sizeof path, p->list_path, p->list.variant)) return "URI in a playlist is too long";
    memcpy(p->list_path, path, sizeof path);
    p->list.media_sequence = sequence;
    return request_list(p);
  }
  if (measuring()) run.lists++;
  if (p->list.media_sequence < sequence) note_error(p, "media sequence goes back");
  if (p->list.media_sequence + p->list.count < sequence + count) note_error(p, "segments vanish from the end of the list");
  bool changed = p->list.media_sequence + p->list.count > sequence + count;
  if (!p->joined && p->list.count > 0) join(p);
  if (p->next < p->list.media_sequence) {
    note_error(p, "segment left the list before it was got");
    p->next = p->list.media_sequence;
  }
  return proceed(p, changed);
}

/* What lies between `from` and `to` counts as a stall, in the window where the window is. */
static void stall(struct player *p, uint64_t from, uint64_t to) {
  if (to <= from) return;
  p->stalled += to - from;
  uint64_t began = run.phase.window_began;
  if (measuring() && to > began) p->window_stalled += to - (from > began ? from : began);
}

static uint64_t buffered_until(const struct player *p) { return p->playing_since + p->media + p->stalled; }

static failure on_segment(struct player *p, uint64_t now) {
  const struct listed_segment *s = next_segment(p);
  if (p->check) {
    failure f = segment_end(p->check, s->seconds);
    if (f) note_error(p, f);
  }
  if (!p->started) {
    p->started = true;
    p->playing_since = now;
    run.pending--;
    run.live++;
    histogram_add(&run.start, now - p->opened_at);
  }
  stall(p, buffered_until(p), now);
  p->media += (uint64_t)(s->seconds * nanos);
  if (measuring()) run.segments++;
  p->next++;
  return proceed(p, true);
}

static failure on_map(struct player *p) {
  free(p->map);
  p->map = strdup(next_segment(p)->map);
  return proceed(p, true);
}

static failure body_bytes(struct player *p, const uint8_t *data, size_t size) {
  if (size > p->left) return "more bytes than Content-Length says";
  p->left -= size;
  if (p->wanted == LIST) {
    memcpy(p->text + p->text_have, data, size);
    p->text_have += size;
    p->text[p->text_have] = 0;
  } else if (p->wanted == SEGMENT && p->check) {
    failure f = segment_bytes(p->check, data, size);
    if (f) note_error(p, f);
  }
  return NULL;
}

static failure body_end(struct player *p, uint64_t now) {
  struct histogram *time = p->wanted == LIST ? &run.list_time : &run.segment_time;
  if (measuring()) histogram_add(time, now - p->asked_at);
  if (p->wanted == LIST) return on_list(p);
  return p->wanted == MAP ? on_map(p) : on_segment(p, now);
}

static failure head_end(struct player *p) {
  p->head[p->head_have] = 0;
  if (strncmp(p->head, "HTTP/1.1 200 ", 13) != 0) return "HTTP status is not 200";
  const char *connection = strcasestr(p->head, "\r\nconnection: close");
  const char *length = strcasestr(p->head, "\r\ncontent-length:");
  if (connection) return "the connection is not kept alive";
  if (!length) return "answer without Content-Length";
  p->left = strtoull(length + strlen("\r\ncontent-length:"), NULL, 10);
  p->state = BODY;
  if (p->wanted == LIST) {
    if (p->left > MAX_LIST_LENGTH) return "playlist over 4 MB";
    free(p->text);
    p->text = allocate(p->left + 1);
    p->text_have = 0;
  }
  if (p->wanted == SEGMENT && p->check) segment_begin(p->check, next_segment(p)->discontinuity);
  return NULL;
}

/* Takes what belongs to the head; the rest is of the body. */
static failure head_bytes(struct player *p, const uint8_t **data, size_t *size) {
  size_t n = *size < HEAD_ROOM - 1u - p->head_have ? *size : HEAD_ROOM - 1u - p->head_have;
  memcpy(p->head + p->head_have, *data, n);
  uint32_t before = p->head_have, from = before > 3 ? before - 3 : 0;
  p->head_have += (uint32_t)n;
  char *blank = memmem(p->head + from, p->head_have - from, "\r\n\r\n", 4);
  if (!blank) return p->head_have < HEAD_ROOM - 1u ? (*size = 0, NULL) : "HTTP head over 4 KB";
  p->head_have = (uint32_t)(blank + 4 - p->head);
  *data += p->head_have - before;
  *size -= p->head_have - before;
  return head_end(p);
}

static void count(struct player *p, size_t bytes, uint64_t now) {
  if (!measuring()) return;
  p->window_bytes += bytes;
  if (now - p->last_read > p->worst_gap) p->worst_gap = now - p->last_read;
  p->last_read = now;
}

static bool only_counts(const struct player *p) { return p->state == BODY && p->wanted != LIST && !p->check; }

static void readable(struct player *p) {
  static uint8_t buffer[READ_ROOM];
  /* What is behind the head of a segment that nobody looks at is discarded unread. */
  bool discards = only_counts(p);
  size_t room = p->state == HEAD && p->wanted != LIST && !p->check ? HEAD_ROOM : sizeof buffer;
  ssize_t n = discards ? net_discard(p->fd) : recv(p->fd, buffer, room, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    end(p, "closed by the server");
    return;
  }
  uint64_t now = now_nanos();
  const uint8_t *data = buffer;
  size_t size = (size_t)n;
  failure f = NULL;
  count(p, size, now);
  if (p->state == HEAD) f = head_bytes(p, &data, &size);
  else if (p->state == IDLE) f = "bytes that nobody asked for";
  if (!f && p->state == BODY) f = body_bytes(p, data, size);
  if (!f && p->state == BODY && p->left == 0) f = body_end(p, now);
  if (f) {
    if (p->checked) note_error(p, f);
    end(p, f);
  }
}

static void watch(struct player *p, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.ptr = p};
  epoll_ctl(run.epoll, operation, p->fd, &event);
}

static void connected(struct player *p) {
  watch(p, EPOLLIN, EPOLL_CTL_MOD);
  snprintf(p->list_path, sizeof p->list_path, "%s", indexed(run.options->path, p->index));
  p->opened_at = now_nanos();
  failure f = net_connect_error(p->fd) ? "connection refused" : request_list(p);
  if (f) end(p, f);
}

static void open_more(uint64_t now, uint64_t started_at) {
  unsigned allowed = ramp_allows(run.options, started_at, now), all = run.options->count;
  unsigned checked = run.options->check < all ? run.options->check : all;
  while (run.opened < allowed && run.pending < MAX_PENDING) {
    struct player *p = &run.players[run.opened];
    p->index = run.opened++;
    p->checked = (uint64_t)(p->index + 1) * checked / all > (uint64_t)p->index * checked / all;
    if (p->checked) segment_check_init(p->check = allocate(sizeof *p->check));
    p->opened_at = now;
    p->fd = net_connect(&run.target, p->index);
    if (p->fd < 0) {
      run.failed++;
      continue;
    }
    run.pending++;
    p->state = CONNECTING;
    watch(p, EPOLLOUT, EPOLL_CTL_ADD);
  }
}

/* Lists that are due, and players that have not started in time. */
static void look_after(uint64_t now) {
  for (unsigned i = 0; i < run.opened; i++) {
    struct player *p = &run.players[i];
    if (p->state == IDLE && p->due <= now) {
      failure f = request_list(p);
      if (f) end(p, f);
    }
    bool late = now - p->opened_at > run.options->start_seconds * 1000000000ull;
    if (p->state != CLOSED && !p->started && late) end(p, "no media in time");
  }
}

static void handle(uint64_t wait_nanos) {
  static struct epoll_event events[MAX_EVENTS];
  struct timespec timeout = {.tv_nsec = (long)wait_nanos};
  int n = epoll_pwait2(run.epoll, events, MAX_EVENTS, &timeout, NULL);
  for (int i = 0; i < n; i++) {
    struct player *p = events[i].data.ptr;
    if (p->state == CONNECTING) connected(p);
    else if (p->state != CLOSED) readable(p);
  }
}

static void begin_window(void) {
  self_begin(&run.self);
  for (unsigned i = 0; i < run.opened; i++) run.players[i].last_read = run.phase.window_began;
}

static void end_window(uint64_t now) {
  self_end(&run.self, (double)(now - run.phase.window_began) / nanos);
  for (unsigned i = 0; i < run.opened; i++) {
    struct player *p = &run.players[i];
    if (p->state == CLOSED) continue;
    if (now - p->last_read > p->worst_gap) p->worst_gap = now - p->last_read;
    if (buffered_until(p) >= now) continue;
    uint64_t from = buffered_until(p);
    p->window_stalled += now - (from > run.phase.window_began ? from : run.phase.window_began);
  }
}

/* Of the window, the share in which the worst-served player had something to play. */
static double least_played(void) {
  double least = run.live > 0 ? 1 : 0;
  for (unsigned i = 0; i < run.opened; i++) {
    const struct player *p = &run.players[i];
    if (p->state == CLOSED || run.self.wall_seconds <= 0) continue;
    double played = 1 - (double)p->window_stalled / nanos / run.self.wall_seconds;
    if (played < least) least = played;
  }
  return least;
}

static void report(void) {
  struct viewer_bytes bytes = viewer_bytes(run.opened);
  uint64_t worst_gap = 0, pictures = 0;
  for (unsigned i = 0; i < run.opened; i++) {
    const struct player *p = &run.players[i];
    double rate = run.self.wall_seconds > 0 ? (double)p->window_bytes * 8 / run.self.wall_seconds : 0;
    viewer_bytes_add(&bytes, p->window_bytes, (uint64_t)rate, p->state != CLOSED);
    if (p->state != CLOSED && p->worst_gap > worst_gap) worst_gap = p->worst_gap;
    if (p->check) pictures += p->check->pictures;
  }
  struct view_report r = {.protocol = "hls", .options = run.options, .open = run.live, .failed = run.failed,
    .closed_early = run.closed_early, .first_failure = run.first_failure, .errors = run.errors,
    .seconds = run.self.wall_seconds, .worst_gap = worst_gap, .frames = pictures};
  view_report_begin(&r, &bytes);
  report_histogram("startMillis", &run.start);
  report_histogram("videoStartMillis", &run.start);
  report_histogram("addedLatencyMillis", &(struct histogram){0});
  printf(",\"hls\":{\"leastPlayed\":%.4f,\"lists\":%llu,\"segments\":%llu", least_played(),
    (unsigned long long)run.lists, (unsigned long long)run.segments);
  report_histogram("listMillis", &run.list_time);
  report_histogram("segmentMillis", &run.segment_time);
  printf("}");
  checked_begin(&r);
  for (unsigned i = 0; i < run.reasons; i++) checked_reason(i, run.reason[i].index, run.reason[i].why);
  view_report_end(&run.self);
}

int hls_run(const struct options *options) {
  run.options = options;
  run.target = net_target(options);
  net_descriptors(options->count);
  run.epoll = epoll_create1(EPOLL_CLOEXEC);
  run.players = allocate(options->count * sizeof *run.players);
  uint64_t started_at = now_nanos(), tick_at = started_at, now = started_at;
  while (run.phase.current != DONE) {
    handle(tick_at > now ? tick_at - now : 0);
    now = now_nanos();
    bool all_open = run.opened == options->count && run.pending == 0;
    if (all_open && run.live == 0) stop_requested = true;
    if (phase_advance(&run.phase, options, all_open, now) && measuring()) begin_window();
    if (now < tick_at) continue;
    if (measuring()) histogram_add(&run.self.late, now - tick_at);
    tick_at = now + TICK_NANOS;
    open_more(now, started_at);
    look_after(now);
  }
  if (run.phase.window_began) end_window(now_nanos());
  report();
  return run.live == options->count && run.errors == 0 ? 0 : 1;
}
