/*
 * Load generator for live media servers. Arguments are key=value, checked and explained by `sluice load`:
 *   role=publish|play proto=rtmp|http|ws|hls host= port= path= count= seconds= settle= ramp= check= sweep= chunk= start=
 *   file= remote=0|1 mark=0|1
 * One JSON object goes to stdout; the phases ("load: open", "load: window", "load: done") to stderr.
 * Exit status: 0 all as asked, 1 a connection or a check failed, 2 wrong use, 3 out of time.
 */
#define _GNU_SOURCE
#include "load.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PATH_LENGTH = 512, MAX_HOST_LENGTH = 255, SPARE_SECONDS = 30 };

static void on_stop(int signal) {
  (void)signal;
  stop_requested = true;
}

static void on_restart(int signal) {
  (void)signal;
  restart_requested = true;
}

static void on_alarm(int signal) {
  static const char text[] = "load: out of time\n";
  (void)signal;
  if (write(2, text, sizeof text - 1) < 0) _exit(4);
  _exit(3);
}

static void usage(const char *what) {
  fprintf(stderr, "load: bad argument %s\n", what);
  exit(2);
}

static unsigned number(const char *argument, const char *value, unsigned min, unsigned max) {
  char *end;
  unsigned long n = strtoul(value, &end, 10);
  if (end == value || *end || n < min || n > max) usage(argument);
  return (unsigned)n;
}

static unsigned word(const char *argument, const char *value, const char *const *words, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    if (strcmp(words[i], value) == 0) return i;
  usage(argument);
  return 0;
}

static bool is_key(const char *argument, const char *key, const char **value) {
  size_t n = strlen(key);
  if (strncmp(argument, key, n) != 0 || argument[n] != '=') return false;
  *value = argument + n + 1;
  return true;
}

static void parse(struct options *o, const char *a) {
  static const char *const roles[] = {"publish", "play"}, *const protocols[] = {"rtmp", "http", "ws", "hls"};
  const char *v;
  if (is_key(a, "role", &v)) o->role = word(a, v, roles, 2);
  else if (is_key(a, "proto", &v)) o->protocol = word(a, v, protocols, 4);
  else if (is_key(a, "host", &v)) o->host = v;
  else if (is_key(a, "path", &v)) o->path = v;
  else if (is_key(a, "file", &v)) o->file = v;
  else if (is_key(a, "port", &v)) o->port = number(a, v, 1, 65535);
  else if (is_key(a, "count", &v)) o->count = number(a, v, 1, MAX_CONNECTIONS);
  else if (is_key(a, "seconds", &v)) o->seconds = number(a, v, 1, 86400);
  else if (is_key(a, "settle", &v)) o->settle = number(a, v, 0, 3600);
  else if (is_key(a, "ramp", &v)) o->ramp = number(a, v, 1, 100000);
  else if (is_key(a, "check", &v)) o->check = number(a, v, 0, MAX_CONNECTIONS);
  else if (is_key(a, "sweep", &v)) o->sweep_millis = number(a, v, 0, 1000);
  else if (is_key(a, "chunk", &v)) o->chunk_size = number(a, v, 128, 65536);
  else if (is_key(a, "start", &v)) o->start_seconds = number(a, v, 1, 3600);
  else if (is_key(a, "remote", &v)) o->remote = number(a, v, 0, 1);
  else if (is_key(a, "mark", &v)) o->mark = number(a, v, 0, 1);
  else usage(a);
}

static void require(const struct options *o) {
  if (!o->host || strlen(o->host) > MAX_HOST_LENGTH) usage("host=");
  if (!o->path || strlen(o->path) > MAX_PATH_LENGTH) usage("path=");
  if (o->port == 0) usage("port=");
  if (o->role == PUBLISH && !o->file) usage("file=");
  if (o->role == PUBLISH && o->protocol != RTMP) usage("proto=");
}

int main(int argc, char **argv) {
  struct options options = {.count = 1, .seconds = 10, .settle = 2, .ramp = 500, .check = 8,
    .chunk_size = 4096, .start_seconds = 15, .mark = true};
  for (int i = 1; i < argc; i++) parse(&options, argv[i]);
  require(&options);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGINT, on_stop);
  signal(SIGTERM, on_stop);
  signal(SIGUSR1, on_restart);
  signal(SIGALRM, on_alarm);
  /* Whatever happens, the program ends by itself. */
  alarm(options.count / options.ramp + options.start_seconds + options.settle + options.seconds + SPARE_SECONDS);
  if (options.role == PUBLISH) return publish_run(&options);
  return options.protocol == HLS ? hls_run(&options) : play_run(&options);
}
