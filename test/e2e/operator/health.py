#!/usr/bin/env python3
"""usage: health.py API

What a monitoring agent asks: is it SRS 5 or newer, does it run, is the machine well, do its numbers agree.
"""
import json
import sys
import urllib.request


def get(path):
    with urllib.request.urlopen(sys.argv[1] + path, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("application/json"), answer.headers
        body = json.load(answer)
        assert body["code"] == 0, body
        return body


version = get("/api/v1/versions")["data"]
assert version["major"] >= 5 and version["version"] == "%(major)d.%(minor)d.%(revision)d" % version

summary = get("/api/v1/summaries")["data"]
assert summary["ok"] is True
own, system = summary["self"], summary["system"]
assert 0 <= own["cpu_percent"] < 64 and 0 <= own["mem_percent"] < 1 and own["mem_kbyte"] > 1000
assert 0 <= system["cpu_percent"] <= 1 and 0 < system["mem_ram_percent"] <= 1 and system["cpus_online"] > 0
assert system["load_1m"] >= 0 and system["net_recvi_bytes"] > 0 and system["conn_srs"] >= 1

process = get("/api/v1/self_proc_stats")["data"]
assert process["pid"] == own["pid"] == int(get("/api/v1/versions")["pid"]) and process["comm"].startswith("(")
assert get("/api/v1/rusages")["data"]["ru_maxrss"] >= own["mem_kbyte"]
assert get("/api/v1/meminfos")["data"]["MemTotal"] == system["mem_ram_kbyte"]

streams = get("/api/v1/streams/?count=1000")["streams"]
clients = get("/api/v1/clients/?count=1000")["clients"]
vhosts = {vhost["id"]: vhost for vhost in get("/api/v1/vhosts/")["vhosts"]}
for stream in streams:
    one = get("/api/v1/streams/" + stream["id"])["stream"]
    assert one["url"] == stream["url"] and one["vhost"] in vhosts
    here = [client for client in clients if client["stream"] == stream["id"]]
    assert len(here) == stream["clients"], (here, stream)
    assert [client["id"] for client in here if client["publish"]] == [stream["publish"]["cid"]]
    for client in here:
        assert client["url"] == stream["url"] and client["name"] == stream["name"] and client["vhost"] == stream["vhost"]
        assert get("/api/v1/clients/" + client["id"])["client"]["tcUrl"] == client["tcUrl"]
for vhost in vhosts.values():
    assert vhost["clients"] == len([client for client in clients if client["vhost"] == vhost["id"]])
print("healthy: %d streams, %d clients" % (len(streams), len(clients)))
