#!/bin/sh
# Serves from a checkout: installs what the server needs when it is missing, then becomes the server.
cd "$(dirname "$0")/.." || exit 1
if ! [ -d node_modules/effect ]; then
  sh scripts/bun.sh install --production --frozen-lockfile --silent || exit 1
fi
exec sh scripts/bun.sh src/main.ts "$@"
