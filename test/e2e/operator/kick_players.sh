#!/bin/sh
# usage: kick_players.sh API IP
# Ends all players of an address, and says how many they were.
set -eu
count=0
for id in $(curl -sf "$1/api/v1/clients/?count=1000" |
  jq -r --arg ip "$2" '.clients[] | select(.publish == false and .ip == $ip and (.type | endswith("-play"))) | .id'); do
  curl -sf -X DELETE "$1/api/v1/clients/$id" | jq -e '.code == 0' >/dev/null
  count=$((count + 1))
done
echo "$count"
