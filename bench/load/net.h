/* Sockets of many connections to one address. */
#ifndef NET_H
#define NET_H

#include "load.h"

#include <netinet/in.h>

/* Resolves the host; exits unless it is a loopback address or `remote` is set. */
struct sockaddr_in net_target(const struct options *options);
/* Raises the descriptor limit for `count` connections; exits when the system refuses. */
void net_descriptors(unsigned count);
/* Starts connecting, from 127.0.0.2 and up, 2000 connections an address; -1 on failure. */
int net_connect(const struct sockaddr_in *target, unsigned index);
/* 0 or the error of a finished connect. */
int net_connect_error(int fd);
/* Throws away what has arrived without copying it: bytes, 0 at the end, -1 with errno. */
ssize_t net_discard(int fd);
/* Writes all of a small command; false when the socket does not take it at once. */
bool net_send(int fd, const void *data, size_t size);

#endif
