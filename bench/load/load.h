/* Load generator for live media servers: what its parts share. One thread, one epoll loop, Linux only. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A run is void when the generator itself was too slow to be believed. */
#define LATE_P99_LIMIT_MILLIS 20.0
#define LATE_MAX_LIMIT_MILLIS 150.0
#define CPU_SHARE_LIMIT 0.97

#define MAX_CONNECTIONS 100000

enum role { PUBLISH, PLAY };
enum protocol { RTMP, HTTP_FLV, WEBSOCKET_FLV, HLS };

struct options {
  enum role role;
  enum protocol protocol;
  const char *host, *file;
  /* app/stream for RTMP, /path?query for HTTP; "%d" in it becomes the connection's index. */
  const char *path;
  unsigned port, count, seconds, settle, ramp, check, sweep_millis, chunk_size;
  /* A connection that has no media (a publisher: no Publish.Start) this long after it was opened has failed. */
  unsigned start_seconds;
  bool remote, mark;
};

/* One RTMP message or FLV tag. `body` is valid during the call only. */
struct message {
  uint8_t type;
  uint32_t time, stream, length;
  const uint8_t *body;
};

enum message_type {
  SET_CHUNK_SIZE = 1, ABORT = 2, ACKNOWLEDGEMENT = 3, USER_CONTROL = 4, WINDOW_ACK_SIZE = 5, SET_PEER_BANDWIDTH = 6,
  AUDIO = 8, VIDEO = 9, DATA_AMF3 = 15, COMMAND_AMF3 = 17, DATA = 18, COMMAND = 20, AGGREGATE = 22
};

/* Every reader reports a violation as a constant text, and success as NULL. */
typedef const char *failure;
typedef failure message_sink(void *owner, const struct message *message);

static inline uint32_t read16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }
static inline uint32_t read24(const uint8_t *p) { return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]; }
static inline uint32_t read32(const uint8_t *p) { return (uint32_t)p[0] << 24 | read24(p + 1); }
static inline uint8_t *write24(uint8_t *p, uint32_t v) { *p++ = v >> 16; *p++ = v >> 8; *p++ = v; return p; }
static inline uint8_t *write32(uint8_t *p, uint32_t v) { *p++ = v >> 24; return write24(p, v); }

/* CLOCK_MONOTONIC in nanoseconds: one clock for all processes of the machine. */
uint64_t now_nanos(void);
/* User and system time of this process so far. */
double cpu_seconds(void);
/* `format` with its "%d", if any, replaced by `index`; the result lives until the next call. */
const char *indexed(const char *format, unsigned index);
/* malloc and realloc that end the program when memory is out. */
void *allocate(size_t size);
void *reallocate(void *old, size_t size);

/* Set by SIGINT and SIGTERM: end the run now and report it. */
extern volatile bool stop_requested;
/* Set by SIGUSR1: publishers begin the measured window anew. */
extern volatile bool restart_requested;

/* Counts of values from 1 µs up, with a resolution of 1.6 %. */
struct histogram {
  uint64_t count, max;
  uint32_t bucket[64 * 32];
};
void histogram_add(struct histogram *h, uint64_t nanos);
double histogram_millis(const struct histogram *h, double quantile);
double histogram_max_millis(const struct histogram *h);

/* The generator's own health over the measured window. */
struct self {
  double cpu_at_start, cpu_used, wall_seconds;
  struct histogram late;
};
void self_begin(struct self *self);
void self_end(struct self *self, double wall_seconds);
/* Prints `"self":{…},"void":…,"voidReasons":[…]`. */
void self_report(const struct self *self, FILE *out);
bool self_void(const struct self *self);
/* Prints `text` as a JSON string. */
void json_string(const char *text, FILE *out);

/* Opening connections, a pause, the measured window, the end. Each change is announced on stderr. */
struct phase {
  enum { OPENING, SETTLING, MEASURING, DONE } current;
  uint64_t until, window_began;
};
/* Moves on when it is time; true when the phase has just changed. */
bool phase_advance(struct phase *phase, const struct options *options, bool all_open, uint64_t now);
/* How many of `count` connections may be open at `now`. */
unsigned ramp_allows(const struct options *options, uint64_t started_at, uint64_t now);

int publish_run(const struct options *options);
int play_run(const struct options *options);
int hls_run(const struct options *options);

#endif
