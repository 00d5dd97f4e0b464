/* N publishers that each send an FLV file in real time, looped. */
#define _GNU_SOURCE
#include "client.h"
#include "flv.h"
#include "marker.h"
#include "net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MAX_EVENTS = 256, MAX_PENDING = 256, READ_ROOM = 1 << 16, NANOS_PER_MILLI = 1000000, MAX_WAIT_MILLIS = 20 };
enum { DATA_CHUNKS = 5, AUDIO_CHUNKS = 4, VIDEO_CHUNKS = 6 };

struct publisher {
  int fd;
  enum { CLOSED, CONNECTING, TALKING, LIVE } state;
  unsigned index;
  struct client *client;
  uint64_t opened_at, live_at, sequence, sent;
  /* The next tag, and what the rounds before it add to its time. */
  unsigned tag;
  uint32_t round_start;
  /* Bytes that the socket has not taken yet. While there are any, nothing new is made. */
  uint8_t *out;
  size_t out_have, out_sent, out_room;
  uint64_t blocked_at, free_at;
};

struct run {
  const struct options *options;
  struct flv_file file;
  struct sockaddr_in target;
  int epoll;
  struct publisher *publishers;
  unsigned opened, pending, live, failed, closed_early;
  /* Live publishers that are not blocked, a binary heap by the time of their next tag. */
  struct publisher **queue;
  unsigned queued;
  struct phase phase;
  struct self self;
  struct histogram start;
  uint64_t window_bytes, blocked_count, blocked_worst;
  uint8_t *scratch;
  const char *first_failure;
};

static uint64_t due(const struct run *run, const struct publisher *p) {
  return p->live_at + ((uint64_t)p->round_start + run->file.tags[p->tag].time) * NANOS_PER_MILLI;
}

static void sift_down(struct run *run, unsigned at) {
  struct publisher *moved = run->queue[at];
  for (unsigned child; (child = 2 * at + 1) < run->queued; at = child) {
    if (child + 1 < run->queued && due(run, run->queue[child + 1]) < due(run, run->queue[child])) child++;
    if (due(run, moved) <= due(run, run->queue[child])) break;
    run->queue[at] = run->queue[child];
  }
  run->queue[at] = moved;
}

static void enqueue(struct run *run, struct publisher *p) {
  unsigned at = run->queued++;
  for (; at > 0 && due(run, p) < due(run, run->queue[(at - 1) / 2]); at = (at - 1) / 2)
    run->queue[at] = run->queue[(at - 1) / 2];
  run->queue[at] = p;
}

static void dequeue_first(struct run *run) {
  run->queue[0] = run->queue[--run->queued];
  if (run->queued > 0) sift_down(run, 0);
}

static void watch(struct run *run, struct publisher *p, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.ptr = p};
  epoll_ctl(run->epoll, operation, p->fd, &event);
}

static void drop_client(struct publisher *p) {
  if (!p->client) return;
  chunk_reader_free(&p->client->chunks);
  free(p->client);
  p->client = NULL;
}

static void end(struct run *run, struct publisher *p, failure why) {
  if (!run->first_failure) run->first_failure = why;
  if (p->state == LIVE) {
    run->live--;
    run->closed_early++;
  } else {
    run->pending--;
    run->failed++;
  }
  p->state = CLOSED;
  close(p->fd);
  drop_client(p);
}

static void *room(struct publisher *p, size_t size) {
  if (p->out_have + size > p->out_room) p->out = reallocate(p->out, p->out_room = p->out_have + size + 4096);
  return p->out + p->out_have;
}

/* `tag` with the mark after its last NAL unit, or with the name that announces metadata. */
static void dress(struct run *run, struct publisher *p, struct message *tag) {
  static const uint8_t set_data_frame[16] = "\2\0\15@setDataFrame";
  uint8_t *out = run->scratch, *to = out;
  if (tag->type == DATA) {
    to = (uint8_t *)memcpy(to, set_data_frame, sizeof set_data_frame) + sizeof set_data_frame;
    to = (uint8_t *)memcpy(to, tag->body, tag->length) + tag->length;
  } else {
    struct mark mark = {.sequence = p->sequence++, .nanos = now_nanos()};
    to = (uint8_t *)memcpy(to, tag->body, tag->length) + tag->length;
    for (unsigned i = run->file.nal_length_size; i-- > 0;) *to++ = i == 0 ? MARKER_NAL_LENGTH : 0;
    marker_write(to, &mark);
    to += MARKER_NAL_LENGTH;
  }
  tag->body = out;
  tag->length = (uint32_t)(to - out);
}

static void make_tag(struct run *run, struct publisher *p) {
  struct message tag = run->file.tags[p->tag];
  bool header = flv_is_header(&tag), first_round = p->round_start == 0;
  bool markable = tag.type == VIDEO && !header && run->file.nal_length_size > 0 && run->options->mark;
  uint8_t chunks = tag.type == VIDEO ? VIDEO_CHUNKS : tag.type == AUDIO ? AUDIO_CHUNKS : DATA_CHUNKS;
  if (first_round || !(header || tag.type == DATA)) {
    if (markable || tag.type == DATA) dress(run, p, &tag);
    tag.time += p->round_start;
    tag.stream = 1;
    uint8_t *out = room(p, chunk_room(tag.length, run->options->chunk_size));
    p->out_have += chunk_write(out, chunks, &tag, run->options->chunk_size);
  }
  if (++p->tag == run->file.count) {
    p->tag = 0;
    p->round_start += run->file.span;
  }
}

static void flush(struct run *run, struct publisher *p) {
  while (p->out_sent < p->out_have) {
    ssize_t n = send(p->fd, p->out + p->out_sent, p->out_have - p->out_sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) {
      if (!p->blocked_at) watch(run, p, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
      if (!p->blocked_at) p->blocked_at = now_nanos();
      return;
    }
    if (n < 0) {
      end(run, p, "connection lost while sending");
      return;
    }
    p->out_sent += (size_t)n;
    p->sent += (uint64_t)n;
    if (run->phase.current == MEASURING) run->window_bytes += (uint64_t)n;
  }
  p->out_have = p->out_sent = 0;
}

static void unblock(struct run *run, struct publisher *p) {
  flush(run, p);
  if (p->state != LIVE || p->out_have > 0) return;
  p->free_at = now_nanos();
  if (run->phase.current == MEASURING) {
    uint64_t blocked = p->free_at - p->blocked_at;
    run->blocked_count++;
    if (blocked > run->blocked_worst) run->blocked_worst = blocked;
  }
  p->blocked_at = 0;
  watch(run, p, EPOLLIN, EPOLL_CTL_MOD);
  enqueue(run, p);
}

static void send_due(struct run *run) {
  while (run->queued > 0) {
    struct publisher *p = run->queue[0];
    uint64_t now = now_nanos(), at = due(run, p);
    if (p->state == LIVE && at > now) return;
    /* Lateness is ours only if the socket was free when the tag was due. */
    bool counts = run->phase.current == MEASURING && at >= p->free_at;
    if (p->state == LIVE && counts) histogram_add(&run->self.late, now - at);
    while (p->state == LIVE && due(run, p) <= now) make_tag(run, p);
    if (p->state == LIVE) flush(run, p);
    if (p->state != LIVE || p->blocked_at) dequeue_first(run);
    else sift_down(run, 0);
  }
}

static void open_more(struct run *run, uint64_t now, uint64_t started_at) {
  unsigned allowed = ramp_allows(run->options, started_at, now);
  while (run->opened < allowed && run->pending < MAX_PENDING) {
    struct publisher *p = &run->publishers[run->opened];
    p->index = run->opened++;
    p->fd = net_connect(&run->target, p->index);
    p->opened_at = now;
    if (p->fd < 0) {
      run->failed++;
      continue;
    }
    run->pending++;
    p->state = CONNECTING;
    watch(run, p, EPOLLOUT, EPOLL_CTL_ADD);
  }
}

static void connected(struct run *run, struct publisher *p) {
  if (net_connect_error(p->fd)) {
    end(run, p, "connection refused");
    return;
  }
  p->state = TALKING;
  p->client = allocate(sizeof *p->client);
  watch(run, p, EPOLLIN, EPOLL_CTL_MOD);
  failure f = client_begin(p->client, p->fd, p->index, run->options, NULL, NULL);
  if (f) end(run, p, f);
}

static void received(struct run *run, struct publisher *p) {
  static uint8_t buffer[READ_ROOM];
  ssize_t n = p->state == LIVE ? net_discard(p->fd) : recv(p->fd, buffer, sizeof buffer, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN)) {
    end(run, p, "closed by the server");
    return;
  }
  if (n < 0 || p->state == LIVE) return;
  failure f = client_read(p->client, buffer, (size_t)n);
  if (f) {
    end(run, p, f);
    return;
  }
  if (p->client->stage < CLIENT_STARTED) return;
  p->live_at = now_nanos();
  histogram_add(&run->start, p->live_at - p->client->asked_at);
  drop_client(p);
  p->state = LIVE;
  run->pending--;
  run->live++;
  enqueue(run, p);
}

static void fail_stuck(struct run *run, uint64_t now) {
  for (unsigned i = 0; i < run->opened; i++) {
    struct publisher *p = &run->publishers[i];
    bool starting = p->state == CONNECTING || p->state == TALKING;
    if (starting && now - p->opened_at > run->options->start_seconds * 1000000000ull) end(run, p, "not live in time");
  }
}

static void wait_and_handle(struct run *run) {
  static struct epoll_event events[MAX_EVENTS];
  uint64_t now = now_nanos(), wait = MAX_WAIT_MILLIS * 1000000ull;
  if (run->opened < run->options->count) wait = NANOS_PER_MILLI;
  if (run->queued > 0) {
    uint64_t at = due(run, run->queue[0]);
    if (at <= now) wait = 0;
    else if (at - now < wait) wait = at - now;
  }
  struct timespec timeout = {.tv_nsec = (long)wait};
  int n = epoll_pwait2(run->epoll, events, MAX_EVENTS, &timeout, NULL);
  for (int i = 0; i < n; i++) {
    struct publisher *p = events[i].data.ptr;
    if (p->state == CONNECTING) connected(run, p);
    if (p->state == LIVE && p->blocked_at && events[i].events & EPOLLOUT) unblock(run, p);
    if (p->state != CLOSED && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) received(run, p);
  }
}

static void begin_window(struct run *run) {
  restart_requested = false;
  run->phase.window_began = now_nanos();
  run->phase.until = run->phase.window_began + run->options->seconds * 1000000000ull;
  run->window_bytes = run->blocked_count = run->blocked_worst = 0;
  self_begin(&run->self);
}

static void report(const struct run *run) {
  double seconds = run->self.wall_seconds, mbps = seconds > 0 ? (double)run->window_bytes * 8 / 1e6 / seconds : 0;
  printf("{\"role\":\"publish\",\"asked\":%u,\"open\":%u", run->options->count, run->live);
  printf(",\"failed\":%u,\"closedEarly\":%u,\"firstFailure\":", run->failed, run->closed_early);
  if (run->first_failure) json_string(run->first_failure, stdout);
  else printf("null");
  printf(",\"seconds\":%.3f,\"bytes\":%llu,\"mbps\":%.2f", seconds, (unsigned long long)run->window_bytes, mbps);
  double start_p50 = histogram_millis(&run->start, 0.5), start_max = histogram_max_millis(&run->start);
  printf(",\"startMillis\":{\"p50\":%.2f,\"max\":%.2f}", start_p50, start_max);
  printf(",\"blocked\":{\"count\":%llu,\"worstMillis\":%.1f},", (unsigned long long)run->blocked_count,
    (double)run->blocked_worst / 1e6);
  self_report(&run->self, stdout);
  printf("}\n");
}

static size_t largest_tag(const struct flv_file *file) {
  size_t largest = 0;
  for (unsigned i = 0; i < file->count; i++)
    if (file->tags[i].length > largest) largest = file->tags[i].length;
  return largest;
}

int publish_run(const struct options *options) {
  static struct run run;
  run.options = options;
  flv_file_load(&run.file, options->file);
  run.target = net_target(options);
  net_descriptors(options->count);
  run.epoll = epoll_create1(EPOLL_CLOEXEC);
  run.publishers = allocate(options->count * sizeof *run.publishers);
  run.queue = allocate(options->count * sizeof *run.queue);
  run.scratch = allocate(largest_tag(&run.file) + 64);
  uint64_t started_at = now_nanos(), checked_at = started_at;
  while (run.phase.current != DONE) {
    uint64_t now = now_nanos();
    open_more(&run, now, started_at);
    send_due(&run);
    wait_and_handle(&run);
    if (now - checked_at > 1000000000ull) fail_stuck(&run, checked_at = now);
    bool all_open = run.opened == options->count && run.pending == 0;
    if (all_open && run.live == 0) stop_requested = true;
    bool advanced = phase_advance(&run.phase, options, all_open, now_nanos());
    if (run.phase.current == MEASURING && (advanced || restart_requested)) begin_window(&run);
  }
  if (run.phase.window_began) self_end(&run.self, (double)(now_nanos() - run.phase.window_began) / 1e9);
  report(&run);
  return run.live == options->count ? 0 : 1;
}
