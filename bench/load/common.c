/* Clock, memory, histogram and the generator's report on itself. */
#define _GNU_SOURCE
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

volatile bool stop_requested, restart_requested;

uint64_t now_nanos(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

double cpu_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

const char *indexed(const char *format, unsigned index) {
  static char text[2048];
  const char *at = strstr(format, "%d");
  if (!at) return format;
  snprintf(text, sizeof text, "%.*s%u%s", (int)(at - format), format, index, at + 2);
  return text;
}

void *reallocate(void *old, size_t size) {
  void *p = realloc(old, size);
  if (!p && size) {
    fprintf(stderr, "load: out of memory\n");
    exit(1);
  }
  return p;
}

void *allocate(size_t size) { return memset(reallocate(NULL, size), 0, size); }

/* Values below 64 have a bucket each; above, each power of two has 32. */
static unsigned bucket_of(uint64_t micros) {
  if (micros < 64) return (unsigned)micros;
  unsigned shift = 63 - (unsigned)__builtin_clzll(micros) - 5;
  return shift * 32 + (unsigned)(micros >> shift);
}

static double bucket_top_micros(unsigned bucket) {
  if (bucket < 64) return bucket;
  unsigned shift = bucket / 32 - 1;
  return (double)(((uint64_t)(bucket - shift * 32) + 1) << shift);
}

void histogram_add(struct histogram *h, uint64_t nanos) {
  h->count++;
  if (nanos > h->max) h->max = nanos;
  h->bucket[bucket_of(nanos / 1000)]++;
}

double histogram_millis(const struct histogram *h, double quantile) {
  uint64_t wanted = (uint64_t)((double)h->count * quantile), seen = 0;
  for (unsigned i = 0; i < sizeof h->bucket / sizeof *h->bucket; i++) {
    seen += h->bucket[i];
    if (seen > wanted) {
      double top = bucket_top_micros(i) / 1000, max = histogram_max_millis(h);
      return top < max ? top : max;
    }
  }
  return histogram_max_millis(h);
}

double histogram_max_millis(const struct histogram *h) { return (double)h->max / 1e6; }

void self_begin(struct self *self) {
  memset(self, 0, sizeof *self);
  self->cpu_at_start = cpu_seconds();
}

void self_end(struct self *self, double wall_seconds) {
  self->cpu_used = cpu_seconds() - self->cpu_at_start;
  self->wall_seconds = wall_seconds;
}

static double cpu_share(const struct self *self) {
  return self->wall_seconds > 0 ? self->cpu_used / self->wall_seconds : 0;
}

static bool late_often(const struct self *self) {
  return histogram_millis(&self->late, 0.99) > LATE_P99_LIMIT_MILLIS;
}
static bool late_once(const struct self *self) { return histogram_max_millis(&self->late) > LATE_MAX_LIMIT_MILLIS; }
static bool out_of_cpu(const struct self *self) { return cpu_share(self) > CPU_SHARE_LIMIT; }

bool self_void(const struct self *self) { return late_often(self) || late_once(self) || out_of_cpu(self); }

void self_report(const struct self *self, FILE *out) {
  const char *comma = "";
  fprintf(out, "\"self\":{\"cpuSeconds\":%.3f,\"cpuShare\":%.3f,\"lateMillis\":{\"p99\":%.2f,\"max\":%.2f}}",
    self->cpu_used, cpu_share(self), histogram_millis(&self->late, 0.99), histogram_max_millis(&self->late));
  fprintf(out, ",\"void\":%s,\"voidReasons\":[", self_void(self) ? "true" : "false");
  if (late_often(self)) {
    fprintf(out, "\"lateness p99 over %.0f ms\"", LATE_P99_LIMIT_MILLIS);
    comma = ",";
  }
  if (late_once(self)) {
    fprintf(out, "%s\"lateness max over %.0f ms\"", comma, LATE_MAX_LIMIT_MILLIS);
    comma = ",";
  }
  if (out_of_cpu(self)) fprintf(out, "%s\"own CPU over %.0f %% of a core\"", comma, CPU_SHARE_LIMIT * 100);
  fprintf(out, "]");
}

void json_string(const char *text, FILE *out) {
  fputc('"', out);
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') fprintf(out, "\\%c", c);
    else if (c < 0x20) fprintf(out, "\\u%04x", c);
    else fputc(c, out);
  }
  fputc('"', out);
}

bool phase_advance(struct phase *phase, const struct options *o, bool all_open, uint64_t now) {
  static const char *const announcements[] = {"", "open", "window", "done"};
  if (phase->current == DONE) return false;
  if (stop_requested) phase->current = DONE;
  else if (phase->current == OPENING) {
    if (!all_open) return false;
    phase->current = SETTLING;
    phase->until = now + o->settle * 1000000000ull;
  } else {
    if (now < phase->until) return false;
    phase->current++;
    if (phase->current == MEASURING) {
      phase->window_began = now;
      phase->until = now + o->seconds * 1000000000ull;
    }
  }
  fprintf(stderr, "load: %s\n", announcements[phase->current]);
  return true;
}

unsigned ramp_allows(const struct options *o, uint64_t started_at, uint64_t now) {
  double allowed = 1 + (double)(now - started_at) / 1e9 * o->ramp;
  return allowed < o->count ? (unsigned)allowed : o->count;
}
