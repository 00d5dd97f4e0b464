import { expect, test } from "bun:test"
import { metricsText } from "../../../src/domain/api/metrics.ts"

test("Prometheus's text format 0.0.4, labels escaped", () => {
  const text = metricsText([
    { name: "a_total", help: "All a.", type: "counter", value: 5 },
    {
      name: "b",
      help: "B.",
      type: "gauge",
      value: 1.5,
      labels: [
        ["x", 'q"\\\n'],
        ["y", ""]
      ]
    },
    { name: "b", help: "B.", type: "gauge", value: 2, labels: [["x", "r"]] }
  ])
  expect(text).toBe(
    "# HELP a_total All a.\n# TYPE a_total counter\na_total 5\n" +
      '# HELP b B.\n# TYPE b gauge\nb{x="q\\"\\\\\\n",y=""} 1.5\nb{x="r"} 2\n'
  )
})
