#!/bin/sh
# Runs Bun with the arguments given. `bun` need not be on PATH inside a package script: `/some/where/bun run x` leaves
# PATH as it was and names itself in npm_execpath; under npx that variable names npm, and PATH has bun.
if command -v bun >/dev/null 2>&1; then exec bun "$@"; fi
case "${npm_execpath:-}" in
  "" | *.js) ;;
  *) exec "$npm_execpath" "$@" ;;
esac
echo "bun is not on PATH; with Node and npm alone: npx --yes bun@1.4.5 $*" >&2
exit 127
