/* The dialogue of an RTMP client, from the handshake until media flows. */
#ifndef CLIENT_H
#define CLIENT_H

#include "chunk.h"

struct client {
  enum { CLIENT_HANDSHAKE, CLIENT_CONNECT, CLIENT_CREATE, CLIENT_START, CLIENT_STARTED } stage;
  int fd;
  unsigned index;
  const struct options *options;
  uint32_t stream, window_ack;
  /* When play or publish was sent. */
  uint64_t asked_at;
  uint32_t handshake_have;
  struct chunk_reader chunks;
  /* Takes audio, video and data messages. */
  message_sink *media;
  void *owner;
  uint8_t handshake[1 + 1536 + 1536];
};

/* Sends C0 and C1. `client->chunks` is to be freed with chunk_reader_free. */
failure client_begin(
  struct client *client, int fd, unsigned index, const struct options *o, message_sink *media, void *owner
);
failure client_read(struct client *client, const uint8_t *data, size_t size);
bool client_acknowledge(int fd, uint64_t received);

#endif
