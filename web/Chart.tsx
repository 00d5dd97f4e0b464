/** Latency and buffer over the last two minutes. */
import { useEffect, useRef } from "preact/hooks"
import UPlot from "uplot"

export interface Sample {
  /** Seconds of the epoch. */
  readonly time: number
  readonly latency: number | undefined
  readonly buffer: number
}

const height = 132
/** Shown at least. */
const minWindowSeconds = 30

const dark = matchMedia("(prefers-color-scheme: dark)")

const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

const fade = (stroke: string): string => `${stroke}24`

const options = (width: number): UPlot.Options => {
  const axis = {
    stroke: color("--quiet"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif"
  }
  const line = (label: string, stroke: string) => ({
    label,
    stroke,
    fill: fade(stroke),
    width: 2,
    points: { show: false }
  })
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 18, 0, 0],
    scales: {
      x: { time: true, range: (_plot, min, max) => [Math.min(min, max - minWindowSeconds), max] },
      y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.15)] }
    },
    axes: [
      { ...axis, size: 22, space: 70, values: (_plot, splits) => splits.map(ago) },
      { ...axis, size: 40, space: 32, values: (_plot, splits) => splits.map((value) => `${value} s`) }
    ],
    series: [{}, line("Latency", color("--latency")), line("Buffer", color("--buffer"))]
  }
}

const ago = (time: number): string => {
  const date = new Date(time * 1000)
  return `${String(date.getMinutes()).padStart(2, "0")}:${String(date.getSeconds()).padStart(2, "0")}`
}

const dataOf = (samples: ReadonlyArray<Sample>): UPlot.AlignedData => [
  samples.map(({ time }) => time),
  samples.map(({ latency }) => latency ?? null),
  samples.map(({ buffer }) => buffer)
]

export const Chart = ({ samples }: { readonly samples: ReadonlyArray<Sample> }) => {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot>(undefined)
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const make = () => {
      plot.current?.destroy()
      plot.current = new UPlot(options(element.clientWidth), dataOf(samples), element)
    }
    make()
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }))
    resized.observe(element)
    dark.addEventListener("change", make)
    return () => {
      dark.removeEventListener("change", make)
      resized.disconnect()
      plot.current?.destroy()
    }
  }, [])
  useEffect(() => plot.current?.setData(dataOf(samples)), [samples])
  return <div ref={place} class="chart" role="img" aria-label="Latency and buffer over time" />
}
