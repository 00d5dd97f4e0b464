import { expect, test } from "bun:test"
import { readOnlyMappings } from "../../../src/domain/process/mappings.ts"

/** Of a running server, its fields cut to those that say something here. */
const smaps = `00200000-01a39000 r--p 00000000 fe:00 1311 /opt/bun/bin/bun
Size:              24804 kB
Rss:                8580 kB
Anonymous:             0 kB
01a39000-06843000 r-xp 01838000 fe:00 1311 /opt/bun/bin/bun
Size:              79912 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
06843000-06b0f000 r--p 06641000 fe:00 1311 /opt/bun/bin/bun
Size:               2864 kB
Anonymous:          2864 kB
06b0f000-06b4a000 rw-p 0690c000 fe:00 1311 /opt/bun/bin/bun
Anonymous:             0 kB
4e0d4400000-4e114400000 rw-p 00000000 00:00 0 
Anonymous:         33000 kB
7f0000000000-7f0000156000 r-xp 00028000 fe:00 99 /usr/lib/x86_64-linux-gnu/libc.so.6
Anonymous:             0 kB
7f0000200000-7f0000201000 r-xs 00000000 fe:00 1311 /opt/bun/bin/bun
Anonymous:             0 kB
`

test("are what of the file is only read or run, and was never written", () => {
  expect(readOnlyMappings(smaps, "/opt/bun/bin/bun")).toEqual([
    { start: 0x200000, length: 0x1839000 },
    { start: 0x1a39000, length: 0x4e0a000 }
  ])
})

test("of a file whose path has a space", () => {
  const text =
    "00200000-00201000 r-xp 00000000 fe:00 7                          /opt/my bun/bun\nAnonymous:             0 kB\n"
  expect(readOnlyMappings(text, "/opt/my bun/bun")).toEqual([{ start: 0x200000, length: 0x1000 }])
})

test("are none in anything else", () => {
  for (const text of ["", "Anonymous:   0 kB\n", "nonsense\n\n", smaps.slice(0, 60)]) {
    expect(readOnlyMappings(text, "/opt/bun/bin/bun")).toEqual([])
  }
})
