/** The programs that the end-to-end tests drive, as Debian packages. */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"

export const packages = [
  "ffmpeg",
  "rtmpdump",
  "gstreamer1.0-tools",
  "gstreamer1.0-plugins-base",
  "gstreamer1.0-plugins-good",
  "gstreamer1.0-plugins-bad",
  "gstreamer1.0-plugins-ugly",
  "gstreamer1.0-libav",
  "chromium",
  "mpv",
  "nginx",
  "libnginx-mod-rtmp",
  "libnginx-mod-stream",
  "haproxy",
  "logrotate",
  "systemd",
  "openssl",
  "curl",
  "jq",
  "python3",
  "prometheus"
] as const

/** What to look for where there is no dpkg to ask. */
const programs = [
  "ffmpeg",
  "ffprobe",
  "rtmpdump",
  "gst-launch-1.0",
  "chromium",
  "mpv",
  "haproxy",
  "logrotate",
  "openssl",
  "curl",
  "jq",
  "python3",
  "prometheus",
  "promtool"
]

const missingPackages = (): Array<string> => {
  const answer = spawnSync("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Abbrev}\n", ...packages], {
    encoding: "utf8"
  })
  const installed = new Set(answer.stdout.split("\n").flatMap((line) => line.match(/^(\S+) ii/)?.[1] ?? []))
  return packages.filter((name) => !installed.has(name))
}

/** Installs what is missing. Returns what is still missing, in words that say what to do, or undefined. */
export const installPrograms = (): string | undefined => {
  if (!existsSync("/usr/bin/dpkg-query")) {
    const missing = programs.filter((name) => Bun.which(name) === null)
    return missing.length === 0
      ? undefined
      : `The tests drive these programs, and they are not on PATH: ${missing.join(" ")}`
  }
  const missing = missingPackages()
  if (missing.length === 0) return undefined
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...missing]
  if (process.getuid?.() !== 0) {
    return `The tests need these packages. Install them, then try again:\n\n  sudo ${install.join(" ")}\n`
  }
  console.log(`installing from Debian: ${missing.join(" ")}`)
  const failure = aptGet(["update", "-q"]) ?? aptGet(install.slice(1))
  return failure ?? (missingPackages().length === 0 ? undefined : `still missing: ${missingPackages().join(" ")}`)
}

const aptGet = (args: ReadonlyArray<string>): string | undefined => {
  const run = spawnSync("apt-get", args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  })
  return run.status === 0 ? undefined : `apt-get ${args.join(" ")} failed:\n${run.stdout}${run.stderr}`
}
