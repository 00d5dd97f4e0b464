/* N viewers. A sample of them is read and checked byte by byte; the others, once media flows, only count. */
#define _GNU_SOURCE
#include "check.h"
#include "client.h"
#include "flv.h"
#include "http.h"
#include "net.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MAX_EVENTS = 1024, MAX_PENDING = 1000, READ_ROOM = 1 << 18, MAX_REASONS = 8 };
enum { DEFAULT_WINDOW_ACK = 2500000, TICK_MILLIS = 5, SILENCE_NANOS = 1000000000 };

/* How a viewer's bytes are read as long as they are read and not only counted. */
struct reading {
  struct client client;
  struct http_reader http;
  struct flv_reader flv;
  struct media_check check;
  uint64_t read_at;
};

struct viewer {
  int fd;
  enum { CLOSED, CONNECTING, READING, COUNTING } state;
  unsigned index;
  bool checked, started;
  uint32_t window_ack;
  struct reading *reading;
  uint64_t opened_at, total, acknowledged;
  uint64_t window_bytes, last_read, worst_gap;
  /* The first read in the window: when, and how much. */
  uint64_t first_read, first_bytes;
};

struct run {
  const struct options *options;
  struct sockaddr_in target;
  /* Viewers that are read at once, and those that are read every `sweep_millis`; one set for both when that is 0. */
  int prompt, bulk;
  struct viewer *viewers;
  unsigned opened, pending, live, failed, closed_early;
  struct phase phase;
  struct self self;
  struct histogram start, video_start, latency;
  uint64_t frames, skipped;
  unsigned errors, reasons;
  struct { failure why; unsigned index; } reason[MAX_REASONS];
  const char *first_failure;
};

static struct run run;

static bool is_rtmp(void) { return run.options->protocol == RTMP; }

static void free_reading(struct viewer *v) {
  if (!v->reading) return;
  run.frames += v->reading->check.frames;
  run.skipped += v->reading->check.skipped;
  chunk_reader_free(&v->reading->client.chunks);
  flv_reader_free(&v->reading->flv);
  free(v->reading);
  v->reading = NULL;
}

static void end(struct viewer *v, failure why) {
  if (!run.first_failure) run.first_failure = why;
  if (v->started) {
    run.live--;
    run.closed_early++;
  } else {
    run.pending--;
    run.failed++;
  }
  v->state = CLOSED;
  close(v->fd);
  free_reading(v);
}

static void note_error(const struct viewer *v, failure why) {
  run.errors++;
  if (run.reasons < MAX_REASONS) {
    run.reason[run.reasons].why = why;
    run.reason[run.reasons++].index = v->index;
  }
}

static uint64_t asked_at(const struct viewer *v) { return is_rtmp() ? v->reading->client.asked_at : v->opened_at; }

static failure on_media(void *owner, const struct message *m) {
  struct viewer *v = owner;
  struct reading *r = v->reading;
  if (m->type != AUDIO && m->type != VIDEO) return NULL;
  bool had_video = r->check.video_seen;
  r->check.latency = v->checked && run.phase.current == MEASURING ? &run.latency : NULL;
  failure f = media_check(&r->check, m, r->read_at);
  /* A wrong order or content does not stop the reading; broken framing does. */
  if (f && v->checked) note_error(v, f);
  if (r->check.frame_seen && !v->started) {
    v->started = true;
    run.pending--;
    run.live++;
    histogram_add(&run.start, r->read_at - asked_at(v));
  }
  if (r->check.video_seen && !had_video) histogram_add(&run.video_start, r->read_at - asked_at(v));
  return NULL;
}

static failure on_body(void *owner, const uint8_t *data, size_t size) {
  struct viewer *v = owner;
  return flv_read(&v->reading->flv, data, size, on_media, v);
}

static void watch(int epoll, struct viewer *v, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.ptr = v};
  epoll_ctl(epoll, operation, v->fd, &event);
}

/* From here on the viewer's bytes are discarded unread. */
static void only_count(struct viewer *v) {
  if (is_rtmp() && v->reading->client.window_ack) v->window_ack = v->reading->client.window_ack;
  free_reading(v);
  v->state = COUNTING;
  watch(run.prompt, v, 0, EPOLL_CTL_DEL);
  /* Edge-triggered: what is here already counts as an edge. */
  watch(run.bulk, v, EPOLLIN | EPOLLRDHUP | EPOLLET, EPOLL_CTL_ADD);
}

static void open_more(uint64_t now, uint64_t started_at) {
  unsigned allowed = ramp_allows(run.options, started_at, now), count = run.options->count;
  unsigned checked = run.options->check < count ? run.options->check : count;
  while (run.opened < allowed && run.pending < MAX_PENDING) {
    struct viewer *v = &run.viewers[run.opened];
    v->index = run.opened++;
    /* The checked ones are spread evenly over all. */
    v->checked = (uint64_t)(v->index + 1) * checked / count > (uint64_t)v->index * checked / count;
    v->window_ack = DEFAULT_WINDOW_ACK;
    v->opened_at = now;
    v->fd = net_connect(&run.target, v->index);
    if (v->fd < 0) {
      run.failed++;
      continue;
    }
    run.pending++;
    v->state = CONNECTING;
    watch(run.prompt, v, EPOLLOUT, EPOLL_CTL_ADD);
  }
}

static failure begin_reading(struct viewer *v) {
  char request[4096];
  v->reading = allocate(sizeof *v->reading);
  v->state = READING;
  watch(run.prompt, v, EPOLLIN, EPOLL_CTL_MOD);
  if (is_rtmp()) return client_begin(&v->reading->client, v->fd, v->index, run.options, on_media, v);
  http_reader_init(&v->reading->http, v->fd, run.options->protocol == WEBSOCKET_FLV);
  flv_reader_init(&v->reading->flv);
  size_t length = http_request(request, sizeof request, run.options, v->index);
  v->opened_at = now_nanos();
  return net_send(v->fd, request, length) ? NULL : "the request could not be sent";
}

static void connected(struct viewer *v) {
  failure f = net_connect_error(v->fd) ? "connection refused" : begin_reading(v);
  if (f) end(v, f);
}

static void count(struct viewer *v, size_t bytes, uint64_t now) {
  v->total += bytes;
  if (run.phase.current == MEASURING) {
    v->window_bytes += bytes;
    if (!v->first_read) {
      v->first_read = now;
      v->first_bytes = bytes;
    }
    if (now - v->last_read > v->worst_gap) v->worst_gap = now - v->last_read;
    v->last_read = now;
  }
  if (!is_rtmp() || v->total - v->acknowledged < v->window_ack) return;
  v->acknowledged = v->total;
  client_acknowledge(v->fd, v->total);
}

static void read_and_check(struct viewer *v) {
  static uint8_t buffer[READ_ROOM];
  ssize_t n = recv(v->fd, buffer, sizeof buffer, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    end(v, "closed by the server");
    return;
  }
  struct reading *r = v->reading;
  r->read_at = now_nanos();
  size_t size = (size_t)n;
  failure f = is_rtmp() ? client_read(&r->client, buffer, size) : http_read(&r->http, buffer, size, on_body, v);
  count(v, size, r->read_at);
  if (f && v->checked) note_error(v, f);
  if (f && !v->started) end(v, f);
  else if (f) only_count(v);
  else if (!v->checked && r->check.video_seen) only_count(v);
}

static void discard_and_count(struct viewer *v, uint32_t events) {
  do {
    ssize_t n = net_discard(v->fd);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
      end(v, "closed by the server");
      return;
    }
    if (n < 0) return;
    count(v, (size_t)n, now_nanos());
  } while (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
}

/* What neither starts nor fails; and audio-only viewers, which never see the video they wait for. */
static void look_after_starts(uint64_t now) {
  for (unsigned i = 0; i < run.opened; i++) {
    struct viewer *v = &run.viewers[i];
    if (v->state != CONNECTING && v->state != READING) continue;
    if (now - v->opened_at < run.options->start_seconds * 1000000000ull) continue;
    if (!v->started) end(v, "no media in time");
    else if (!v->checked) only_count(v);
  }
}

/* Waits for events and handles them; true when there may be more. */
static bool handle(int epoll, uint64_t wait_nanos) {
  static struct epoll_event events[MAX_EVENTS];
  struct timespec timeout = {.tv_nsec = (long)wait_nanos};
  int n = epoll_pwait2(epoll, events, MAX_EVENTS, &timeout, NULL);
  for (int i = 0; i < n; i++) {
    struct viewer *v = events[i].data.ptr;
    if (v->state == CONNECTING) connected(v);
    else if (v->state == READING) read_and_check(v);
    else if (v->state == COUNTING) discard_and_count(v, events[i].events);
  }
  return n == MAX_EVENTS;
}

static void begin_window(void) {
  self_begin(&run.self);
  for (unsigned i = 0; i < run.opened; i++) run.viewers[i].last_read = run.phase.window_began;
}

/* The silence up to the window's end is a gap too. */
static void end_window(uint64_t now) {
  self_end(&run.self, (double)(now - run.phase.window_began) / 1e9);
  for (unsigned i = 0; i < run.opened; i++) {
    struct viewer *v = &run.viewers[i];
    if (v->state == CLOSED) continue;
    if (now - v->last_read > v->worst_gap) v->worst_gap = now - v->last_read;
    if (v->reading) free_reading(v);
  }
}

/*
 * Bits per second from a viewer's first read in the window to its last, so that it does not matter where between two
 * bursts the window begins and ends. A longer silence at either end counts as such.
 */
static uint64_t rate(const struct viewer *v) {
  uint64_t began = run.phase.window_began, ended = began + (uint64_t)(run.self.wall_seconds * 1e9);
  if (!v->first_read) return 0;
  uint64_t from = v->first_read - began > SILENCE_NANOS ? began : v->first_read;
  uint64_t to = v->last_read + SILENCE_NANOS < ended ? ended : v->last_read;
  return to > from ? (uint64_t)((double)(v->window_bytes - v->first_bytes) * 8e9 / (double)(to - from)) : 0;
}

static void report(void) {
  static const char *const protocols[] = {"rtmp", "http-flv", "websocket-flv"};
  struct viewer_bytes bytes = viewer_bytes(run.opened);
  uint64_t worst_gap = 0;
  for (unsigned i = 0; i < run.opened; i++) {
    const struct viewer *v = &run.viewers[i];
    viewer_bytes_add(&bytes, v->window_bytes, rate(v), v->state != CLOSED);
    if (v->state != CLOSED && v->worst_gap > worst_gap) worst_gap = v->worst_gap;
  }
  struct view_report r = {.protocol = protocols[run.options->protocol], .options = run.options, .open = run.live,
    .failed = run.failed, .closed_early = run.closed_early, .first_failure = run.first_failure, .errors = run.errors,
    .seconds = run.self.wall_seconds, .worst_gap = worst_gap, .frames = run.frames, .skipped = run.skipped};
  view_report_begin(&r, &bytes);
  report_histogram("startMillis", &run.start);
  report_histogram("videoStartMillis", &run.video_start);
  report_histogram("addedLatencyMillis", &run.latency);
  checked_begin(&r);
  for (unsigned i = 0; i < run.reasons; i++) checked_reason(i, run.reason[i].index, run.reason[i].why);
  view_report_end(&run.self);
}

int play_run(const struct options *options) {
  run.options = options;
  run.target = net_target(options);
  net_descriptors(options->count);
  run.prompt = epoll_create1(EPOLL_CLOEXEC);
  run.bulk = options->sweep_millis ? epoll_create1(EPOLL_CLOEXEC) : run.prompt;
  run.viewers = allocate(options->count * sizeof *run.viewers);
  uint64_t started_at = now_nanos(), tick_at = started_at, checked_at = started_at, now = started_at;
  uint64_t tick = (options->sweep_millis ? options->sweep_millis : TICK_MILLIS) * 1000000ull;
  while (run.phase.current != DONE) {
    handle(run.prompt, tick_at > now ? tick_at - now : 0);
    now = now_nanos();
    bool all_open = run.opened == options->count && run.pending == 0;
    if (all_open && run.live == 0) stop_requested = true;
    if (phase_advance(&run.phase, options, all_open, now) && run.phase.current == MEASURING) begin_window();
    if (now < tick_at) continue;
    if (run.phase.current == MEASURING) histogram_add(&run.self.late, now - tick_at);
    tick_at = now + tick;
    open_more(now, started_at);
    while (options->sweep_millis && handle(run.bulk, 0)) continue;
    if (now - checked_at > 1000000000ull) look_after_starts(checked_at = now);
  }
  if (run.phase.window_began) end_window(now_nanos());
  report();
  return run.live == options->count && run.errors == 0 ? 0 : 1;
}
