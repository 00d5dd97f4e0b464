/** What docs/migration.md says before its tables; ABSENT stands for what the tables say is not here. */
export const migrationIntroduction = `# Migration from SRS

For those who run SRS 4 to 7. sluice reads the same file and the same environment, listens at the same ports, and is spoken to
in the same way: players, encoders, scripts, dashboards and callback servers stay as they are.

## How

1. Ask what your file means here. It is read as it is, old syntax too; what has no effect is listed with its reason, what is
   wrong with its place:

       bin/sluice -t -c srs.conf

2. Let it look at ports, limits, clock and certificates: \`bin/sluice doctor -c srs.conf\`.
3. Stop SRS and start sluice in the same directory: \`bin/sluice -c srs.conf\` instead of \`./objs/srs -c srs.conf\`. The letters of
   the command line, the pid file, \`work_dir\`, the signals (SIGHUP, SIGUSR1, SIGTERM, SIGQUIT) and the exit statuses are SRS's.
4. Publish and play. To go back, start SRS again: nothing was converted.

## What stays as it is

| | |
| --- | --- |
| URLs | RTMP with all of SRS's forms of vhost and parameters, \`.flv\`, \`.ts\`, \`.aac\`, \`.mp3\`, \`.m3u8\`, \`.mpd\`, \`/players/…\` |
| Configuration | every directive of SRS 4 to 7; [configuration.md](configuration.md) |
| HTTP API | v1, field for field, at 1985 and 1990 or with the HTTP server; [http-api.md](http-api.md) |
| Callbacks | bodies, headers, order and rules of answers; [callbacks.md](callbacks.md) |
| Prometheus | names and labels of the exporter at 9972 |
| Log | SRS's lines, one id for log, API and callbacks (\`log_format srs\`, the default in a file) |

\`test/e2e/operator.test.ts\` holds it to that: a callback server, scripts with curl and jq, a monitoring agent and Prometheus,
written from SRS's documentation and run unmodified.

## What is other, on purpose

- **API calls that change something work from this machine only**, unless \`http_api.auth\` asks for name and password. SRS lets
  anybody end any client.
- Refused clients are told so: over RTMP by a status, over HTTP by 401 or 403. SRS closes without a word.
- Who is refused by address or by proof (\`security\`, \`auth\`) is not told to callback servers. In SRS \`on_connect\` comes first.
- \`X-Forwarded-For\` and \`X-Real-IP\` count only if they come from \`trusted_proxies\`. SRS believes everybody.
- Codec facts in the API are read from the codec's headers: 48 kHz is 48000 and not 44100.
- A reload that fails changes nothing and ends nothing.
- A URL with \`..\` gets 400, and a bad name of a JSONP callback too. SRS closes without an answer.

## What is not here yet

The server says at start which of your directives have no effect because of that.

ABSENT

## Directive by directive

**same**: as in SRS. **better**: more than in SRS, or other for the reason that is given. **new**: SRS 7 does not have it.
**not here**: read and checked, has no effect; all inside of such a block neither.

`
