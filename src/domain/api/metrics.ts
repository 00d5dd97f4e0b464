/** Metrics in the text format of Prometheus 0.0.4, with SRS's names. */

export type Labels = ReadonlyArray<readonly [name: string, value: string]>

export interface MetricValue {
  readonly name: string
  readonly help: string
  readonly type: "gauge" | "counter"
  readonly value: number
  readonly labels?: Labels
}

const escaped = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')

const labelText = (labels: Labels): string =>
  labels.length === 0 ? "" : `{${labels.map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}}`

/** Values of one metric with different labels follow one another. */
export const metricsText = (metrics: ReadonlyArray<MetricValue>): string =>
  metrics
    .map(({ help, labels = [], name, type, value }, index) => {
      const head = metrics[index - 1]?.name === name ? "" : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
      return `${head}${name}${labelText(labels)} ${value}\n`
    })
    .join("")
