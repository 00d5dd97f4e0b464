import { flag, group, integer, table, text } from "../entries.ts"

const off = (name: string, doc: string) => flag(name, { default: false, reload: "start", doc })
const on = (name: string, doc: string) => flag(name, { default: true, reload: "start", doc })
const word = (name: string, doc: string, value = "") => text(name, { default: value, reload: "start", doc })
const ratio = (name: string, doc: string) => integer(name, { default: 1, reload: "start", doc })

export const tencentCloud = table({
  title: "Tencent Cloud",
  doc: "Log and tracing services of one vendor.",
  active: false,
  reason: "OTLP (`otlp`) takes its place",
  global: {
    tencentCloudCls: group(
      "tencentcloud_cls",
      { open: true, doc: "Cloud log service." },
      {
        enabled: off("enabled", "Send logs."),
        label: word("label", "Label of each line."),
        tag: word("tag", "Tag of each line."),
        secretId: word("secret_id", "Access key."),
        secretKey: word("secret_key", "Its secret."),
        endpoint: word("endpoint", "Host of the service."),
        topicId: word("topic_id", "Topic."),
        debugLogging: off("debug_logging", "Log what is sent."),
        statHeartbeat: on("stat_heartbeat", "Send heartbeats."),
        heartbeatRatio: ratio("heartbeat_ratio", "Every so many of them."),
        statStreams: on("stat_streams", "Send streams."),
        streamsRatio: ratio("streams_ratio", "Every so many of them.")
      }
    ),
    tencentCloudApm: group(
      "tencentcloud_apm",
      { open: true, doc: "Tracing." },
      {
        enabled: off("enabled", "Send spans."),
        team: word("team", "Team."),
        token: word("token", "Token."),
        endpoint: word("endpoint", "Host of the service."),
        serviceName: word("service_name", "`service.name`.", "srs-server"),
        debugLogging: off("debug_logging", "Log what is sent.")
      }
    )
  }
})
