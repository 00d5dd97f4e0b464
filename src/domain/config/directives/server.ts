import { decimal, endpoints, flag, integer, list, millis, oddFlag, seconds, table, text } from "../entries.ts"

const packaging = "releases and memory allocators of this server are not those of SRS"

export const server = table({
  title: "Server",
  doc: "The process, its RTMP listeners and its limits.",
  active: true,
  global: {
    listen: endpoints("listen", {
      default: [],
      reload: "yes",
      doc: "RTMP endpoints; required, one at least."
    }),
    pidFile: text("pid", { default: "./objs/srs.pid", reload: "start", doc: "File that holds the process id." }),
    chunkSizeBytes: integer("chunk_size", {
      default: 60_000,
      min: 128,
      max: 65_536,
      outside: "clamp",
      reload: "next",
      env: ["SRS_VHOST_CHUNK_SIZE", "SRS_CHUNK_SIZE"],
      doc: "Size of outgoing RTMP chunks in bytes, for vhosts that do not set it."
    }),
    serverId: text("server_id", {
      default: "",
      reload: "start",
      doc: "Identity of this server; otherwise read from the file beside the pid file, or made up and written there."
    }),
    maxConnections: integer("max_connections", {
      default: 1000,
      reload: "next",
      doc: "TCP clients of all protocols. The limit of open files must be more than 128 higher."
    }),
    maxConnectionsPerAddress: integer("max_connections_per_address", {
      default: 0,
      min: 0,
      outside: "default",
      reload: "next",
      doc: "The same of one address, but for trusted proxies; 0 is no limit. Beyond SRS."
    }),
    daemon: flag("daemon", { default: true, reload: "start", doc: "Run in the background." }),
    user: list("user", {
      default: [],
      reload: "start",
      doc: "User, and group, that the server becomes once it listens, if root has started it. Beyond SRS."
    }),
    utcTime: flag("utc_time", {
      default: false,
      reload: "yes",
      doc: "UTC instead of local time in the log and in variables of paths."
    }),
    pithyPrintMillis: millis("pithy_print_ms", {
      default: 10_000,
      reload: "yes",
      doc: "Period of progress lines in the log."
    }),
    workDir: text("work_dir", {
      default: "./",
      reload: "start",
      doc: "Directory to change to at start; relative paths count from there."
    }),
    asProcess: flag("asprocess", {
      default: false,
      reload: "start",
      doc: "Quit when the parent process has gone. Not together with `daemon on`."
    }),
    emptyIpOk: flag("empty_ip_ok", {
      default: true,
      reload: "next",
      doc: "Drop clients whose address is unknown without a word.",
      active: false,
      reason: "a client without address has left already, and is always dropped without a word"
    }),
    inDocker: flag("in_docker", {
      default: false,
      reload: "start",
      doc: "Behave as in Docker even if it was not detected: the log goes to the console."
    }),
    disableDaemonForDocker: flag("disable_daemon_for_docker", {
      default: true,
      reload: "start",
      doc: "Stay in the foreground in Docker, whatever `daemon` says."
    }),
    graceStartWaitMillis: millis("grace_start_wait", {
      default: 2300,
      reload: "next",
      doc: "SIGQUIT: wait before the listeners close."
    }),
    graceFinalWaitMillis: millis("grace_final_wait", {
      default: 3200,
      reload: "next",
      doc: "SIGQUIT: last wait before the process ends."
    }),
    forceGraceQuit: flag("force_grace_quit", {
      default: false,
      reload: "next",
      doc: "SIGTERM behaves like SIGQUIT."
    }),
    inotifyAutoReload: flag("inotify_auto_reload", {
      default: false,
      reload: "yes",
      doc: "Reload when the configuration file changes."
    }),
    autoReloadForDocker: flag("auto_reload_for_docker", {
      default: true,
      reload: "yes",
      doc: "The same in Docker, whatever `inotify_auto_reload` says."
    }),
    tcmallocReleaseRate: decimal("tcmalloc_release_rate", {
      default: 0.8,
      min: 0,
      max: 10,
      outside: "clamp",
      reload: "start",
      active: false,
      reason: packaging,
      doc: "How eagerly tcmalloc gives memory back."
    }),
    queryLatestVersion: oddFlag("query_latest_version", {
      default: false,
      onFor: { file: "all but off", environment: "on" },
      reload: "start",
      active: false,
      reason: packaging,
      doc: "Ask the project's server for newer releases."
    }),
    firstWaitForQlvMillis: seconds("first_wait_for_qlv", {
      default: 300,
      reload: "start",
      active: false,
      reason: packaging,
      doc: "Wait before that question is asked first."
    }),
    isFull: flag("is_full", {
      default: false,
      reload: "none",
      env: [],
      doc: "Marks an example that lists everything: `on` refuses to start."
    })
  }
})
