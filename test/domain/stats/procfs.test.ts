/** Files of Linux 5.10 to 6.12, as proc(5) lays them out. */
import { expect, test } from "bun:test"
import * as procfs from "../../../src/domain/stats/procfs.ts"
import { randomOf } from "../config/random.ts"

test("a process's line, whatever its name and its numbers of 64 bits", () => {
  const numbers = Array.from({ length: 49 }, (_, index) => String(index + 1))
  // rsslim, the 25th field of proc(5), is the 22nd behind the state.
  numbers[21] = "18446744073709551615"
  const stat = procfs.parseSelfStat(`4711 (a (b) c) S ${numbers.join(" ")}\n`)
  expect(stat).toMatchObject({ pid: 4711, comm: "(a (b) c)", state: "S" })
  const value = (name: (typeof procfs.selfStatFields)[number]) => stat?.values[procfs.selfStatFields.indexOf(name)]
  expect([value("ppid"), value("utime"), value("stime"), value("num_threads"), value("rss")]).toEqual([
    1n,
    11n,
    12n,
    17n,
    21n
  ])
  expect(value("rsslim")).toBe(-1n)
  expect(value("cguest_time")).toBe(41n)
  expect(stat?.ticks).toBe(23)
})

test("the processors' line", () => {
  const text =
    "cpu  100 20 30 800 40 5 6 7 8 9\ncpu0 50 10 15 400 20 2 3 3 4 4\ncpu1 50 10 15 400 20 3 3 4 4 5\nintr 1\nbtime 1\n"
  expect(procfs.parseCpuStat(text)).toEqual({
    values: [100, 20, 30, 800, 40, 5, 6, 7, 8],
    idle: 800,
    total: 1008,
    processors: 2
  })
})

test("memory as SRS counts it", () => {
  const text =
    "MemTotal:  1000 kB\nMemFree: 300 kB\nMemAvailable: 500 kB\nBuffers: 50 kB\nCached: 150 kB\nSwapCached: 9 kB\nSwapTotal: 200 kB\nSwapFree: 150 kB\n"
  expect(procfs.parseMemory(text)).toEqual({
    total: 1000,
    free: 300,
    buffers: 50,
    cached: 150,
    swapTotal: 200,
    swapFree: 150,
    active: 700,
    realInUse: 500,
    notInUse: 500,
    ramFraction: 0.5,
    swapFraction: 0.25
  })
  expect(procfs.parseMemory(text.replace(/^Swap.*$/gm, ""))?.swapFraction).toBe(0)
})

test("paging, disks, load, uptime", () => {
  expect(procfs.parsePaging("nr_free_pages 1\npgpgin 77\npgpgout 88\npswpin 0\n")).toEqual({ read: 77, written: 88 })
  const disks =
    "   8  0 sda 1 2 3 4 5 6 7 8 0 9000 10\n   8  1 sda1 1 2 3 4 5 6 7 8 0 100 10\n 253 0 vda 1 2 3 4 5 6 7 8 0 5000 9 0 0\n"
  expect(procfs.parseDiskBusy(disks, ["sda", "vda"])).toBe(9000)
  expect(procfs.parseDiskBusy(disks, ["vda"])).toBe(5000)
  expect(procfs.parseDiskBusy(disks, ["none"])).toBe(0)
  expect(procfs.parseLoad("6035.48 11902.61\n", "0.52 0.48 0.40 2/345 13948\n")).toEqual({
    uptime: 6035.48,
    idle: 11_902.61,
    load: [0.52, 0.48, 0.4]
  })
})

test("the network by public and other interfaces", () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1000       2    0    0    0     0          0         0     1000       2    0    0    0     0       0          0
  eth0:2000        4    0    0    0     0          0         0     3000       5    0    0    0     0       0          0
  eth1:  50        1    0    0    0     0          0         0       60       1    0    0    0     0       0          0
`
  expect(procfs.parseNetwork(text, new Set(["eth0"]))).toEqual({
    publicIn: 2000,
    publicOut: 3000,
    privateIn: 1050,
    privateOut: 1060
  })
})

test("sockets of the machine", () => {
  const sockstat =
    "sockets: used 1016\nTCP: inuse 1003 orphan 0 tw 114 alloc 1005 mem 1666\nUDP: inuse 3 mem 0\nUDPLITE: inuse 9\n"
  const snmp = "Ip: A B\nIp: 1 2\nTcp: RtoMin MaxConn CurrEstab InSegs\nTcp: 200 -1 1000 77\nUdp: X\nUdp: 1\n"
  expect(procfs.parseSockets(sockstat, snmp)).toEqual({ all: 1119, established: 1000, timeWait: 114, udp: 3 })
})

test("public addresses", () => {
  const own = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.1",
    "192.168.1.1",
    "169.254.0.1",
    "100.64.0.1",
    "0.0.0.0"
  ]
  for (const address of [...own, "::1", "fe80::1", "fd00::2", "fc00::1", "::"]) {
    expect([address, procfs.isPublicAddress(address)]).toEqual([address, false])
  }
  for (const address of [
    "8.8.8.8",
    "172.32.0.1",
    "172.15.0.1",
    "100.63.0.1",
    "100.128.0.1",
    "11.0.0.1",
    "2001:db8::1"
  ]) {
    expect([address, procfs.isPublicAddress(address)]).toEqual([address, true])
  }
})

test("anything else is read without a complaint", () => {
  const random = randomOf(7)
  for (let round = 0; round < 2000; round++) {
    const alphabet = "0123456789 \n()-.:cpuTCPMemTotal"
    const text = Array.from({ length: random(200) }, () => alphabet[random(alphabet.length)]).join("")
    procfs.parseSelfStat(text)
    procfs.parseCpuStat(text)
    procfs.parseMemory(text)
    procfs.parsePaging(text)
    procfs.parseDiskBusy(text, ["c"])
    procfs.parseLoad(text, text)
    procfs.parseNetwork(text, new Set(["c"]))
    procfs.parseSockets(text, text)
  }
})
