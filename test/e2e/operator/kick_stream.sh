#!/bin/sh
# usage: kick_stream.sh API URL
# Ends the publisher of a stream.
set -eu
cid=$(curl -sf "$1/api/v1/streams/?count=1000" |
  jq -er --arg url "$2" '.streams[] | select(.url == $url and .publish.active) | .publish.cid')
curl -sf -X DELETE "$1/api/v1/clients/$cid" | jq -e '.code == 0'
