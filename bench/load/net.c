#define _GNU_SOURCE
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CONNECTIONS_PER_ADDRESS = 2000, SPARE_DESCRIPTORS = 64, DISCARD_BYTES = 1 << 24 };

static bool is_loopback(struct in_addr address) { return ntohl(address.s_addr) >> 24 == 127; }

struct sockaddr_in net_target(const struct options *o) {
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
  int error = getaddrinfo(o->host, NULL, &hints, &found);
  if (error) {
    fprintf(stderr, "load: %s: %s\n", o->host, gai_strerror(error));
    exit(2);
  }
  struct sockaddr_in target = *(struct sockaddr_in *)found->ai_addr;
  freeaddrinfo(found);
  target.sin_port = htons((uint16_t)o->port);
  if (!is_loopback(target.sin_addr) && !o->remote) {
    fprintf(stderr, "load: %s is not a loopback address; --remote allows it\n", o->host);
    exit(2);
  }
  return target;
}

void net_descriptors(unsigned count) {
  rlim_t wanted = count + SPARE_DESCRIPTORS;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  if (limit.rlim_max < wanted) limit.rlim_max = wanted;
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
  fprintf(stderr, "load: %u connections need ulimit -n %lu\n", count, (unsigned long)wanted);
  exit(2);
}

int net_connect(const struct sockaddr_in *target, unsigned index) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  if (fd < 0) return -1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (is_loopback(target->sin_addr)) {
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + index / CONNECTIONS_PER_ADDRESS);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&source, sizeof source)) perror("load: bind");
  }
  if (connect(fd, (const struct sockaddr *)target, sizeof *target) == 0 || errno == EINPROGRESS) return fd;
  close(fd);
  return -1;
}

int net_connect_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

/* Linux: MSG_TRUNC on a TCP socket discards instead of copying, tcp(7). */
ssize_t net_discard(int fd) { return recv(fd, NULL, DISCARD_BYTES, MSG_TRUNC); }

bool net_send(int fd, const void *data, size_t size) { return send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size; }
