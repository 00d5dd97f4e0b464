import { choice, group, flag, integer, megabytes, table, text } from "../entries.ts"

const levels = ["verbose", "debug", "info", "trace", "warn", "error"] as const

export const log = table({
  title: "Log and telemetry",
  doc: "Where log lines go and how they look; traces and logs by OTLP.",
  active: true,
  global: {
    logTank: choice("srs_log_tank", ["console", "file"], {
      default: "file",
      otherwise: "file",
      defaultFrom: (lookup) => (lookup("in_docker") === "on" ? "console" : "file"),
      reload: "yes",
      env: ["SRS_SRS_LOG_TANK", "SRS_LOG_TANK"],
      doc: "Lines go to standard output or to `srs_log_file`. In Docker the default is `console`."
    }),
    logLevel: choice("srs_log_level", levels, {
      default: "trace",
      otherwise: "off",
      reload: "yes",
      env: ["SRS_SRS_LOG_LEVEL", "SRS_LOG_LEVEL"],
      doc: "In the order verbose, info, trace, warn, error. Any other word switches the log off."
    }),
    logLevelV2: choice("srs_log_level_v2", ["trace", "debug", "info", "warn", "error"], {
      default: "",
      otherwise: "off",
      reload: "yes",
      env: ["SRS_SRS_LOG_LEVEL_V2", "SRS_LOG_LEVEL_V2"],
      doc: "In the order trace, debug, info, warn, error. Replaces `srs_log_level` where it is set."
    }),
    logFile: text("srs_log_file", {
      default: "./objs/srs.log",
      reload: "yes",
      env: ["SRS_SRS_LOG_FILE", "SRS_LOG_FILE"],
      doc: "The log file; SIGUSR1 opens it anew."
    }),
    logRotate: group(
      "log_rotate",
      {
        doc: "The log file is renamed when it is large. Otherwise that is left to others, and to SIGUSR1. Beyond SRS."
      },
      {
        sizeBytes: megabytes("size", {
          default: 0,
          min: 0,
          outside: "clamp",
          reload: "yes",
          doc: "It is renamed to `.1` past so many megabytes; 0 never."
        }),
        keep: integer("keep", {
          default: 7,
          min: 0,
          max: 1000,
          outside: "clamp",
          reload: "yes",
          doc: "So many renamed ones are kept, from `.1` on."
        })
      }
    ),
    logFormat: choice("log_format", ["auto", "human", "json", "srs"], {
      default: "auto",
      strict: true,
      reload: "yes",
      doc: "`auto` is `human` where standard output is a terminal and the tank is the console, else `srs`."
    }),
    ffLogDir: text("ff_log_dir", {
      default: "./objs",
      reload: "next",
      active: false,
      doc: "Directory of FFmpeg's logs; `/dev/null` switches them off."
    }),
    ffLogLevel: text("ff_log_level", {
      default: "info",
      reload: "next",
      active: false,
      doc: "`-loglevel` of the FFmpeg that ingests."
    }),
    otlp: group(
      "otlp",
      { doc: "Export of traces and logs by OTLP over HTTP. The standard `OTEL_*` variables work too." },
      {
        enabled: flag("enabled", { default: false, strict: true, reload: "start", doc: "Export." }),
        endpoint: text("endpoint", {
          default: "http://127.0.0.1:4318",
          reload: "start",
          doc: "Base URL of the collector; `/v1/traces` and `/v1/logs` are appended."
        }),
        exporter: choice("exporter", ["effect", "sdk"], {
          default: "effect",
          strict: true,
          reload: "start",
          doc: "Effect's own exporter, or that of the OpenTelemetry SDK."
        }),
        traces: flag("traces", { default: true, strict: true, reload: "start", doc: "Export spans." }),
        logs: flag("logs", { default: true, strict: true, reload: "start", doc: "Export log lines." }),
        serviceName: text("service_name", {
          default: "sluice",
          reload: "start",
          doc: "`service.name` of the resource."
        })
      }
    )
  }
})
