#define _GNU_SOURCE
#include "http.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The key and its answer are the example of RFC 6455 §1.3. */
static const char websocket_key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char websocket_accept[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

enum opcode { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };
enum { MAX_CONTROL_PAYLOAD = 125 };

size_t http_request(char *out, size_t room, const struct options *o, unsigned index) {
  char upgrade[200] = "";
  if (o->protocol == WEBSOCKET_FLV)
    snprintf(upgrade, sizeof upgrade,
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n",
      websocket_key);
  int n = snprintf(out, room, "GET %s HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: sluice-load\r\nAccept: */*\r\n%s\r\n",
    indexed(o->path, index), o->host, o->port, upgrade);
  return (size_t)n < room ? (size_t)n : room - 1;
}

void http_reader_init(struct http_reader *r, int fd, bool websocket) {
  memset(r, 0, offsetof(struct http_reader, head));
  r->fd = fd;
  r->websocket = websocket;
}

static failure end_of_head(struct http_reader *r) {
  r->head[r->have] = 0;
  int status = r->have > 12 ? atoi(r->head + 9) : 0;
  if (r->websocket) {
    if (status != 101) return "WebSocket upgrade refused";
    if (!strstr(r->head, websocket_accept)) return "wrong Sec-WebSocket-Accept";
    r->state = WS_HEAD;
  } else {
    if (status != 200) return "HTTP status is not 200";
    const char *coding = strcasestr(r->head, "\r\ntransfer-encoding:");
    r->state = coding && strcasestr(coding, "chunked") ? HTTP_CHUNK_SIZE : HTTP_PLAIN;
  }
  r->have = 0;
  return NULL;
}

static failure head_byte(struct http_reader *r, char byte) {
  if (r->have == MAX_HTTP_HEAD - 1) return "HTTP head over 8 KB";
  r->head[r->have++] = byte;
  if (r->have >= 4 && memcmp(r->head + r->have - 4, "\r\n\r\n", 4) == 0) return end_of_head(r);
  return NULL;
}

/* The line with a chunk's size, and the empty line after its data. */
static failure line_byte(struct http_reader *r, char byte) {
  if (r->have == 32) return "HTTP chunk line over 32 bytes";
  r->head[r->have++] = byte;
  if (r->have < 2 || memcmp(r->head + r->have - 2, "\r\n", 2) != 0) return NULL;
  r->head[r->have - 2] = 0;
  if (r->state == HTTP_CHUNK_END) {
    if (r->have != 2) return "no CRLF after an HTTP chunk";
    r->state = HTTP_CHUNK_SIZE;
  } else {
    char *end;
    r->left = strtoull(r->head, &end, 16);
    if (end == r->head || (*end && *end != ';')) return "malformed HTTP chunk size";
    if (r->left == 0) return "HTTP body ended";
    r->state = HTTP_CHUNK_DATA;
  }
  r->have = 0;
  return NULL;
}

static void pong(struct http_reader *r) {
  uint8_t frame[6 + MAX_CONTROL_PAYLOAD] = {0x80 | PONG, 0x80 | (uint8_t)r->have};
  memcpy(frame + 6, r->head, r->have);
  if (send(r->fd, frame, 6 + r->have, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) perror("load: pong");
}

static failure frame_begin(struct http_reader *r, const uint8_t *head) {
  unsigned opcode = head[0] & 15, length = head[1] & 127;
  bool final = head[0] & 0x80;
  r->left = length == 126 ? read16(head + 2)
    : length == 127 ? (uint64_t)read32(head + 2) << 32 | read32(head + 6) : length;
  r->have = 0;
  if (opcode == CLOSE) return "WebSocket closed by the server";
  if (opcode == PING || opcode == PONG) {
    if (!final || r->left > MAX_CONTROL_PAYLOAD) return "malformed WebSocket control frame";
    r->state = WS_PING;
    if (opcode == PING && r->left == 0) pong(r);
    if (r->left == 0) r->state = WS_HEAD;
    return NULL;
  }
  if (opcode != BINARY && opcode != CONTINUATION) return "WebSocket frame is not binary";
  if ((opcode == CONTINUATION) != r->message_open) return "WebSocket fragments out of order";
  r->message_open = !final;
  r->state = r->left > 0 ? WS_PAYLOAD : WS_HEAD;
  return NULL;
}

static failure frame_head_byte(struct http_reader *r, uint8_t byte) {
  uint8_t *head = (uint8_t *)r->head;
  head[r->have++] = byte;
  if (r->have < 2) return NULL;
  if (head[0] & 0x70) return "reserved bits in a WebSocket frame";
  if (head[1] & 0x80) return "masked WebSocket frame from the server";
  unsigned length = head[1] & 127, wanted = length == 126 ? 4 : length == 127 ? 10 : 2;
  return r->have < wanted ? NULL : frame_begin(r, head);
}

static failure ping_byte(struct http_reader *r, char byte) {
  r->head[r->have++] = byte;
  if (--r->left > 0) return NULL;
  pong(r);
  r->state = WS_HEAD;
  r->have = 0;
  return NULL;
}

failure http_read(struct http_reader *r, const uint8_t *data, size_t size, bytes_sink *sink, void *owner) {
  failure f = NULL;
  while (size > 0 && !f) {
    size_t n = 1;
    switch (r->state) {
    case HTTP_HEAD: f = head_byte(r, (char)*data); break;
    case HTTP_CHUNK_SIZE:
    case HTTP_CHUNK_END: f = line_byte(r, (char)*data); break;
    case WS_HEAD: f = frame_head_byte(r, *data); break;
    case WS_PING: f = ping_byte(r, (char)*data); break;
    case HTTP_PLAIN:
      n = size;
      f = sink(owner, data, n);
      break;
    case HTTP_CHUNK_DATA:
    case WS_PAYLOAD:
      n = size < r->left ? size : r->left;
      f = sink(owner, data, n);
      r->left -= n;
      if (r->left == 0) r->state = r->state == WS_PAYLOAD ? WS_HEAD : HTTP_CHUNK_END;
      break;
    }
    data += n;
    size -= n;
  }
  return f;
}
