/** `/metrics` for Prometheus, with SRS's names. */
import * as os from "node:os"
import * as Effect from "effect/Effect"
import { type MetricValue, metricsText } from "../../domain/api/metrics.ts"
import { statistics as statisticsTable } from "../../domain/config/directives/statistics.ts"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { compatibleVersion } from "../../domain/Product.ts"
import type { Rate } from "../../domain/stats/Rate.ts"
import { Forwarder, forwardStates } from "../../services/Forwarder.ts"
import { overloadOrdinal } from "../../domain/process/Overload.ts"
import { Overload } from "../../services/Overload.ts"
import { ServerIdentity } from "../../services/ServerIdentity.ts"
import { Settings } from "../../services/Settings.ts"
import { Statistics } from "../../services/Statistics.ts"
import { type ApiEndpoint, errorReply } from "./answers.ts"

const bytesPerKilobit = 125

export const metricsEndpoint = Effect.gen(function* () {
  const identity = yield* ServerIdentity
  const settings = yield* Settings
  const statistics = yield* Statistics
  const forwarder = yield* Forwarder
  const overload = yield* Overload

  const info = (): ReadonlyArray<MetricValue> => {
    const { label, tag } = settings.of(statisticsTable).exporter
    return [
      {
        name: "srs_node_uname_info",
        help: "Labeled system information as provided by the uname system call.",
        type: "gauge",
        value: 1,
        labels: [
          ["sysname", os.type()],
          ["nodename", os.hostname()],
          ["release", os.release()],
          ["version", os.version()],
          ["machine", os.machine()]
        ]
      },
      {
        name: "srs_build_info",
        help: "A metric with a constant '1' value labeled by build_date, version from which SRS was built.",
        type: "gauge",
        value: 1,
        labels: [
          ["server", identity.server],
          ["service", identity.service],
          ["pid", String(identity.pid)],
          ["build_date", ""],
          ["major", compatibleVersion.split(".")[0] ?? ""],
          ["version", compatibleVersion],
          ["code", "Hang"],
          ...(label === "" ? [] : [["label", label] as const]),
          ...(tag === "" ? [] : [["tag", tag] as const])
        ]
      }
    ]
  }

  const counts = (): ReadonlyArray<MetricValue> => {
    const ledger = statistics.ledger()
    const cpu = Number(((statistics.system().self?.fraction ?? 0) * 100).toFixed(2))
    const memory = Math.round(process.memoryUsage.rss() / 1024)
    const clients = ledger.clientsTotal - ledger.clientsEnded
    return [
      { name: "srs_cpu_percent", help: "SRS cpu used percent.", type: "gauge", value: cpu },
      { name: "srs_memory", help: "SRS memory used.", type: "gauge", value: memory },
      { name: "srs_send_bytes_total", help: "SRS total sent bytes.", type: "counter", value: ledger.bytesOut },
      { name: "srs_receive_bytes_total", help: "SRS total received bytes.", type: "counter", value: ledger.bytesIn },
      {
        name: "srs_streams",
        help: "The number of SRS concurrent streams.",
        type: "gauge",
        value: ledger.streamCount
      },
      { name: "srs_clients", help: "The number of SRS concurrent clients.", type: "gauge", value: clients },
      {
        name: "srs_clients_total",
        help: "The total counts of SRS clients.",
        type: "counter",
        value: ledger.clientsTotal
      },
      {
        name: "srs_clients_errs_total",
        help: "The total errors of SRS clients.",
        type: "counter",
        value: ledger.clientsEnded
      }
    ]
  }

  /** What SRS does not have. */
  const own = (): ReadonlyArray<MetricValue> => {
    const { framesDropped } = statistics.ledger()
    const { minutes5, seconds10, seconds30 } = statistics.rates()
    const windows = [
      ["10s", seconds10],
      ["30s", seconds30],
      ["5m", minutes5]
    ] as const
    const rate = (name: string, help: string, kbps: (rate: Rate) => number) =>
      windows.map(([window, rate]): MetricValue => {
        return { name, help, type: "gauge", value: kbps(rate) * bytesPerKilobit, labels: [["window", window]] }
      })
    const forwards = forwarder.all()
    return [
      ...rate("srs_receive_bytes_per_second", "Average of the last whole window.", ({ recvKbps }) => recvKbps),
      ...rate("srs_send_bytes_per_second", "Average of the last whole window.", ({ sendKbps }) => sendKbps),
      {
        name: "srs_dropped_frames_total",
        help: "Frames that slow viewers lost, in whole groups of pictures.",
        type: "counter",
        value: framesDropped
      },
      ...forwardStates.map((state): MetricValue => {
        const value = forwards.filter((forward) => forward.state === state).length
        return { name: "srs_forwards", help: "Forwards by state.", type: "gauge", value, labels: [["state", state]] }
      })
    ]
  }

  const load = (): ReadonlyArray<MetricValue> => [
    {
      name: "srs_circuit_breaker_level",
      help: "How overloaded the processor is: 0 not, 1 high, 2 critical, 3 dying.",
      type: "gauge",
      value: overloadOrdinal(overload.level())
    },
    {
      name: "srs_circuit_breaker_refused_total",
      help: "Viewers refused because of it.",
      type: "counter",
      value: overload.turnedAwayCount()
    }
  ]

  const endpoint: ApiEndpoint = {
    path: "/metrics",
    reply: () =>
      Effect.sync(() =>
        settings.of(statisticsTable).exporter.enabled
          ? {
              status: 200,
              headers: [["Content-Type", "text/plain; charset=utf-8"]],
              body: metricsText([...info(), ...counts(), ...own(), ...(overload.isWatched ? load() : [])])
            }
          : errorReply(srsErrors.ExporterDisable)
      )
  }
  return endpoint
})
