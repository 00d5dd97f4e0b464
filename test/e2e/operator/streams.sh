#!/bin/sh
# usage: streams.sh API
# A line for each stream that is published: url, players, kbit/s in, video, audio.
set -eu
curl -sf "$1/api/v1/streams/?start=0&count=100" | jq -er '
  if .code != 0 then error("code \(.code)") else . end
  | .streams[] | select(.publish.active)
  | [.url, (.clients - 1), .kbps.recv_30s,
     (if .video then "\(.video.codec) \(.video.profile)@\(.video.level) \(.video.width)x\(.video.height)" else "none" end),
     (if .audio then "\(.audio.codec) \(.audio.profile) \(.audio.sample_rate)/\(.audio.channel)" else "none" end)]
  | @tsv'
