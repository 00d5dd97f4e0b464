/** What docs/configuration.md says before its tables. */
export const introduction = `# Configuration

sluice reads the configuration files of SRS 4 to 7 as they are. This page lists every directive; it is made from the
tables in \`src/domain/config/directives\` by \`bun scripts/docs.ts\`.

    sluice                 # serves with the file it ships, conf/default.conf
    sluice -c my.conf      # serves with a file
    sluice -t -c my.conf   # checks it and exits
    SRS_LISTEN=1935 sluice -e   # serves with the environment alone

## The file

- A directive is \`name argument … ;\` or \`name argument … { directives }\`, with the \`;\` or \`{\` on the same line.
- \`#\` begins a comment where a word could begin; inside a word it is a character like any other.
- A word with blanks, \`;\`, \`{\` or \`#\` goes in \`'…'\` or \`"…"\`. There are no escapes and no variables.
- \`include file …;\` puts the directives of other files in its place, at the top or inside a block. Paths count from the
  directory in which the server was started.
- Of several directives with one name the first counts, except for blocks that are listed as "blocks" below and for
  \`exec.publish\`, \`security.allow\` and \`security.deny\`.
- A directive without an argument is as good as none.
- Old syntax, back to SRS 1, is understood: \`gop_cache\` outside of \`play\`, \`mr\`, \`refer\`, \`forward host\`, \`http_stream\`
  and their kin.

## Values

A switch that is off by default is on only for exactly \`on\`; one that is on by default is off only for exactly \`off\`.
Of a number the leading digits count. Where a word or number is not what a directive takes, the server says so at start
and goes on as SRS would; sluice's own directives refuse it. A name that no table knows is refused, with its place and
the most similar name.

## Environment

A variable beats the file: \`SRS_\` and the path in upper case, \`vhost.hls.hls_fragment\` is \`SRS_VHOST_HLS_HLS_FRAGMENT\`.
It applies to all vhosts. An empty one counts as none. Lists are split at spaces. \`SRS_CONFIG_FILE\` names the file and
beats \`-c\`; \`SRS_ENV_ONLY\`, set to anything, is \`-e\`: no file is read, the log goes to the console, the server stays in
the foreground, and the default vhost is there.

## What is refused

The server does not start, and a reload changes nothing, with: an empty file; an unknown name; no \`listen\`, or one that is
no address and port; \`heartbeat.interval\` under 1; \`stats.network\` beyond the local addresses; an empty \`listen\` of
\`http_api\` or \`http_server\`; these two sharing the endpoint of HTTP but not that of HTTPS, or the other way round; HTTPS
without its HTTP; an empty \`srs_log_file\` with the tank \`file\`; in a vhost two \`http_remux\`, HLS beside an \`http_remux\`
that mounts \`.ts\`, \`forward\` with \`kickoff_for_idle\`, two \`ingest\` with one id; \`asprocess\` with \`daemon\`;
\`max_connections\` under 1, or not at least 129 below the limit of open files; \`is_full on\`.

## Columns

**Reload** says when a changed value takes effect: at once on what is running, at the next use (connection, stream or
event), or with a restart. A directive that is not active is read and checked, has no effect, and is listed at start.
`
