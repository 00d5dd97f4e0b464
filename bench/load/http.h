/* The client's side of an endless HTTP body: plain, chunked (RFC 9112 §7.1) or WebSocket frames (RFC 6455 §5). */
#ifndef HTTP_H
#define HTTP_H

#include "load.h"

#define MAX_HTTP_HEAD 8192

struct http_reader {
  enum { HTTP_HEAD, HTTP_PLAIN, HTTP_CHUNK_SIZE, HTTP_CHUNK_DATA, HTTP_CHUNK_END, WS_HEAD, WS_PAYLOAD, WS_PING } state;
  bool websocket, message_open;
  /* For pongs. */
  int fd;
  uint32_t have;
  uint64_t left;
  char head[MAX_HTTP_HEAD];
};

typedef failure bytes_sink(void *owner, const uint8_t *data, size_t size);

/* Writes the GET request, an upgrade for WebSocket; returns its length. */
size_t http_request(char *out, size_t room, const struct options *options, unsigned index);
void http_reader_init(struct http_reader *reader, int fd, bool websocket);
failure http_read(struct http_reader *reader, const uint8_t *data, size_t size, bytes_sink *sink, void *owner);

#endif
