#!/usr/bin/env python3
"""A callback server as users of SRS have it: one path for each kind of event, SRS's keys, SRS's answers.

usage: callbacks.py [url to forward to]

It trusts nothing: an event with a key too few or too many, or of another type, is refused. Says its port, then a line for
each event. Stream names that begin with `secret` may not be published, `hidden` not played.
"""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMON = {"server_id": str, "service_id": str, "action": str, "client_id": str, "ip": str, "vhost": str, "app": str}
STREAM = {**COMMON, "tcUrl": str, "stream": str, "param": str}
WITH_URL = {**STREAM, "stream_url": str, "stream_id": str}

EVENTS = {
    "/api/v1/clients": {
        "on_connect": {**STREAM, "pageUrl": str},
        "on_close": {**COMMON, "send_bytes": int, "recv_bytes": int},
    },
    "/api/v1/streams": {"on_publish": WITH_URL, "on_unpublish": WITH_URL},
    "/api/v1/sessions": {"on_play": {**WITH_URL, "pageUrl": str}, "on_stop": WITH_URL},
    "/api/v1/hls": {
        "on_hls": {
            **WITH_URL,
            "duration": float,
            "cwd": str,
            "file": str,
            "url": str,
            "m3u8": str,
            "m3u8_url": str,
            "seq_no": int,
        }
    },
    "/api/v1/forward": {"on_forward": STREAM},
}

# The statistics may not know the stream yet.
OPTIONAL = {"stream_id"}


def misfit(event, keys):
    for key in event:
        if key not in keys:
            return "unknown key " + key
    for key, kind in keys.items():
        if key not in event:
            if key in OPTIONAL:
                continue
            return "no " + key
        if type(event[key]) is not kind:
            return "%s is a %s" % (key, type(event[key]).__name__)
    return None


def say(line):
    """In one piece: there is a thread for each call."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        event = json.loads(self.rfile.read(length).decode("utf-8"))
        code, data = self.decide(event)
        say("%s %s %s %s" % (event.get("action"), event.get("stream", "-"), event.get("client_id"), code))
        body = json.dumps({"code": code, "data": data}).encode("utf-8")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def decide(self, event):
        keys = EVENTS.get(self.path, {}).get(event.get("action"))
        reason = "no such event here" if keys is None else misfit(event, keys)
        if self.headers["User-Agent"] is None or not self.headers["User-Agent"].startswith("SRS/"):
            reason = "not SRS"
        if reason is not None:
            say("refused: %s %s %s" % (self.path, reason, event))
            return 1, None
        if event["action"] == "on_publish" and event["stream"].startswith("secret"):
            return 403, None
        if event["action"] == "on_play" and event["stream"].startswith("hidden"):
            return 403, None
        if event["action"] == "on_forward":
            return 0, {"urls": sys.argv[1:]}
        return 0, None

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
say("port %d" % server.server_address[1])
server.serve_forever()
