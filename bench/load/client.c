#define _GNU_SOURCE
#include "client.h"

#include "net.h"

#include <string.h>

enum { HANDSHAKE_PART = 1536, COMMAND_ROOM = 2048, PING_REQUEST = 6, PING_RESPONSE = 7, PLAY_BUFFER_MILLIS = 1000 };
enum { CONNECT_ID = 1, RELEASE_ID = 2, FCPUBLISH_ID = 3, CREATE_ID = 4, START_ID = 5 };
enum { CONTROL_CHUNKS = 2, COMMAND_CHUNKS = 3, PLAY_CHUNKS = 8 };

static uint8_t *amf_text(uint8_t *p, const char *text) {
  size_t n = strlen(text);
  *p++ = (uint8_t)(n >> 8);
  *p++ = (uint8_t)n;
  return (uint8_t *)memcpy(p, text, n) + n;
}

static uint8_t *amf_string(uint8_t *p, const char *text) {
  *p++ = 2;
  return amf_text(p, text);
}

static uint8_t *amf_number(uint8_t *p, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  *p++ = 0;
  p = write32(p, (uint32_t)(bits >> 32));
  return write32(p, (uint32_t)bits);
}

static uint8_t *amf_null(uint8_t *p) {
  *p++ = 5;
  return p;
}

static uint8_t *amf_property(uint8_t *p, const char *key, const char *value) {
  return amf_string(amf_text(p, key), value);
}

static bool send_message(int fd, uint8_t chunks, uint8_t type, uint32_t stream, const uint8_t *body, size_t n) {
  uint8_t out[COMMAND_ROOM * 2];
  struct message m = {.type = type, .stream = stream, .length = (uint32_t)n, .body = body};
  return net_send(fd, out, chunk_write(out, chunks, &m, 128));
}

static bool send_number(int fd, uint8_t type, uint32_t value) {
  uint8_t body[4];
  write32(body, value);
  return send_message(fd, CONTROL_CHUNKS, type, 0, body, sizeof body);
}

bool client_acknowledge(int fd, uint64_t received) { return send_number(fd, ACKNOWLEDGEMENT, (uint32_t)received); }

/* Splits app/…/stream at its last slash. */
static const char *split(const struct client *c, char app[1024]) {
  snprintf(app, 1024, "%s", indexed(c->options->path, c->index));
  char *slash = strrchr(app, '/');
  if (!slash) return "";
  *slash = 0;
  return slash + 1;
}

static bool send_connect(const struct client *c) {
  char app[1024], url[1400];
  uint8_t body[COMMAND_ROOM], *p = body;
  split(c, app);
  snprintf(url, sizeof url, "rtmp://%s:%u/%s", c->options->host, c->options->port, app);
  p = amf_number(amf_string(p, "connect"), CONNECT_ID);
  *p++ = 3;
  p = amf_property(p, "app", app);
  if (c->options->role == PUBLISH) p = amf_property(p, "type", "nonprivate");
  p = amf_property(p, "flashVer", c->options->role == PUBLISH ? "FMLE/3.0 (compatible; sluice-load)" : "LNX 9,0,124,2");
  p = amf_property(p, "tcUrl", url);
  p = write24(p, 9);
  return send_message(c->fd, COMMAND_CHUNKS, COMMAND, 0, body, (size_t)(p - body));
}

static bool send_named(const struct client *c, const char *name, double id, const char *argument) {
  uint8_t body[COMMAND_ROOM];
  uint8_t *p = amf_null(amf_number(amf_string(body, name), id));
  if (argument) p = amf_string(p, argument);
  return send_message(c->fd, COMMAND_CHUNKS, COMMAND, 0, body, (size_t)(p - body));
}

static bool send_create(const struct client *c) {
  char app[1024];
  const char *stream = split(c, app);
  if (c->options->role == PLAY) {
    return send_number(c->fd, WINDOW_ACK_SIZE, 2500000) && send_named(c, "createStream", CREATE_ID, NULL);
  }
  return send_named(c, "releaseStream", RELEASE_ID, stream) && send_named(c, "FCPublish", FCPUBLISH_ID, stream) &&
    send_named(c, "createStream", CREATE_ID, NULL);
}

static bool send_publish(const struct client *c, const char *stream) {
  uint8_t body[COMMAND_ROOM];
  uint8_t *p = amf_null(amf_number(amf_string(body, "publish"), START_ID));
  p = amf_string(amf_string(p, stream), "live");
  return send_message(c->fd, COMMAND_CHUNKS, COMMAND, c->stream, body, (size_t)(p - body)) &&
    send_number(c->fd, SET_CHUNK_SIZE, c->options->chunk_size);
}

static bool send_play(const struct client *c, const char *stream) {
  uint8_t body[COMMAND_ROOM], buffer[10] = {0, 3};
  uint8_t *p = amf_null(amf_number(amf_string(body, "play"), START_ID));
  p = amf_number(amf_string(p, stream), -2000);
  write32(write32(buffer + 2, c->stream), PLAY_BUFFER_MILLIS);
  return send_message(c->fd, PLAY_CHUNKS, COMMAND, c->stream, body, (size_t)(p - body)) &&
    send_message(c->fd, CONTROL_CHUNKS, USER_CONTROL, 0, buffer, sizeof buffer);
}

static bool send_start(struct client *c) {
  char app[1024];
  const char *stream = split(c, app);
  c->asked_at = now_nanos();
  return c->options->role == PUBLISH ? send_publish(c, stream) : send_play(c, stream);
}

static bool contains(const struct message *m, const char *text) {
  return m->length > 0 && memmem(m->body, m->length, text, strlen(text)) != NULL;
}

static double amf_number_at(const struct message *m, uint32_t at) {
  if (at + 9 > m->length || m->body[at] != 0) return -1;
  uint64_t bits = (uint64_t)read32(m->body + at + 1) << 32 | read32(m->body + at + 5);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static failure on_result(struct client *c, const struct message *m, uint32_t after_name) {
  double id = amf_number_at(m, after_name);
  if (c->stage == CLIENT_CONNECT && id == CONNECT_ID) {
    c->stage = CLIENT_CREATE;
    return send_create(c) ? NULL : "createStream could not be sent";
  }
  if (c->stage == CLIENT_CREATE && id == CREATE_ID) {
    double stream = amf_number_at(m, after_name + 9 + 1);
    if (stream < 1 || stream > 0xffffff) return "createStream gave no message stream id";
    c->stream = (uint32_t)stream;
    c->stage = CLIENT_START;
    return send_start(c) ? NULL : "publish or play could not be sent";
  }
  return NULL;
}

static failure on_command(struct client *c, const struct message *m) {
  if (m->length < 3 || m->body[0] != 2) return "command without a name";
  uint32_t name = read16(m->body + 1), after_name = 3 + name;
  if (after_name > m->length) return "command name longer than its message";
  bool is_status = name == 8 && memcmp(m->body + 3, "onStatus", 8) == 0;
  if (name == 7 && memcmp(m->body + 3, "_result", 7) == 0) return on_result(c, m, after_name);
  /* releaseStream and FCPublish may be refused; connect and createStream may not. */
  double id = amf_number_at(m, after_name);
  if (name == 6 && memcmp(m->body + 3, "_error", 6) == 0) return id == CONNECT_ID || id == CREATE_ID ? "refused" : NULL;
  bool started = contains(m, "NetStream.Publish.Start") || contains(m, "NetStream.Play.Start");
  if (is_status && started) c->stage = CLIENT_STARTED;
  else if (is_status && c->stage >= CLIENT_START && contains(m, "error")) return "refused by onStatus";
  return NULL;
}

static failure on_message(void *owner, const struct message *m) {
  struct client *c = owner;
  uint8_t answer[6] = {0, PING_RESPONSE};
  switch (m->type) {
  case COMMAND: return on_command(c, m);
  case AUDIO:
  case VIDEO:
    /* node-media-server sends media on message stream 0. */
    if (m->length > 0 && m->stream != c->stream && m->stream != 0) return "media on a foreign message stream";
    return c->media ? c->media(c->owner, m) : NULL;
  case AGGREGATE:
  case DATA:
  case DATA_AMF3:
  case COMMAND_AMF3:
  case SET_CHUNK_SIZE:
  case ABORT:
  case ACKNOWLEDGEMENT: return NULL;
  case SET_PEER_BANDWIDTH: return m->length == 5 ? NULL : "Set Peer Bandwidth is not 5 bytes long";
  case WINDOW_ACK_SIZE:
    if (m->length != 4) return "Window Acknowledgement Size is not 4 bytes long";
    c->window_ack = read32(m->body);
    return NULL;
  case USER_CONTROL:
    if (m->length < 6) return "User Control message under 6 bytes";
    if (read16(m->body) != PING_REQUEST) return NULL;
    memcpy(answer + 2, m->body + 2, 4);
    if (send_message(c->fd, CONTROL_CHUNKS, USER_CONTROL, 0, answer, sizeof answer)) return NULL;
    return "pong could not be sent";
  }
  return "unknown message type";
}

failure client_begin(
  struct client *c, int fd, unsigned index, const struct options *o, message_sink *media, void *owner
) {
  static const uint8_t c0c1[1 + HANDSHAKE_PART] = {3};
  memset(c, 0, offsetof(struct client, handshake));
  c->fd = fd;
  c->index = index;
  c->options = o;
  c->media = media;
  c->owner = owner;
  chunk_reader_init(&c->chunks);
  return net_send(fd, c0c1, sizeof c0c1) ? NULL : "the handshake could not be sent";
}

failure client_read(struct client *c, const uint8_t *data, size_t size) {
  if (c->stage == CLIENT_HANDSHAKE) {
    size_t missing = sizeof c->handshake - c->handshake_have, n = size < missing ? size : missing;
    memcpy(c->handshake + c->handshake_have, data, n);
    c->handshake_have += (uint32_t)n;
    data += n;
    size -= n;
    if (n < missing) return NULL;
    if (c->handshake[0] != 3) return "RTMP version is not 3";
    c->stage = CLIENT_CONNECT;
    /* C2 is S1 echoed. */
    if (!net_send(c->fd, c->handshake + 1, HANDSHAKE_PART) || !send_connect(c)) return "connect could not be sent";
  }
  return chunk_read(&c->chunks, data, size, on_message, c);
}
