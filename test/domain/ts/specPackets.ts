/** Transport packets read by the layout of ISO/IEC 13818-1 §2.4.3.2, and the rules that a stream of them must keep. */

export interface SpecPacket {
  readonly pid: number
  readonly unitStart: boolean
  readonly counter: number
  readonly discontinuity: boolean
  readonly randomAccess: boolean
  /** Base of 33 bits, or undefined. */
  readonly pcr: number | undefined
  readonly payload: Uint8Array
}

export const specPackets = (bytes: Uint8Array): ReadonlyArray<SpecPacket> => {
  if (bytes.length % 188 !== 0) throw new Error(`${bytes.length} bytes`)
  return Array.from({ length: bytes.length / 188 }, (_, i) =>
    specPacket(Buffer.from(bytes.subarray(i * 188, (i + 1) * 188)), i)
  )
}

const specPacket = (packet: Buffer, index: number): SpecPacket => {
  const fail = (what: string) => new Error(`packet ${index}: ${what}: ${packet.toString("hex")}`)
  if (packet[0] !== 0x47) throw fail("no sync byte")
  if ((packet[1] & 0x80) !== 0 || (packet[3] & 0xc0) !== 0) throw fail("error or scrambled")
  const control = (packet[3] >> 4) & 3
  if (control === 0) throw fail("reserved adaptation_field_control")
  let at = 4
  let flags = 0
  let pcr: number | undefined
  if ((control & 2) !== 0) {
    const length = packet[4]
    if (control === 2 ? length !== 183 : length > 182) throw fail("adaptation_field_length")
    flags = length > 0 ? packet[5] : 0
    let stuffing = 6
    if ((flags & 0x10) !== 0) {
      pcr = packet.readUInt32BE(6) * 2 + (packet[10] >> 7)
      if ((packet[10] & 0x7e) !== 0x7e || (packet[10] & 1) !== 0 || packet[11] !== 0) throw fail("PCR extension")
      stuffing = 12
    }
    at = 5 + length
    for (let i = stuffing; i < at; i++) if (packet[i] !== 0xff) throw fail("stuffing")
  }
  return {
    pid: packet.readUInt16BE(1) & 0x1fff,
    unitStart: (packet[1] & 0x40) !== 0,
    counter: packet[3] & 0x0f,
    discontinuity: (flags & 0x80) !== 0,
    randomAccess: (flags & 0x40) !== 0,
    pcr,
    payload: (control & 1) === 0 ? packet.subarray(188) : packet.subarray(at)
  }
}

/** Packets whose counter does not follow that of the one before in their PID (§2.4.3.3). */
export const continuityErrors = (packets: ReadonlyArray<SpecPacket>): number => {
  const last = new Map<number, number>()
  let errors = 0
  for (const { counter, discontinuity, payload, pid } of packets) {
    const before = last.get(pid)
    const expected = before === undefined || discontinuity ? counter : payload.length === 0 ? before : (before + 1) & 15
    if (counter !== expected) errors++
    last.set(pid, counter)
  }
  return errors
}

/** The bytes of one PID: what its packets carry, PES packet by PES packet. */
export const units = (packets: ReadonlyArray<SpecPacket>, pid: number): ReadonlyArray<Buffer> => {
  const found: Array<Array<Uint8Array>> = []
  for (const packet of packets) {
    if (packet.pid !== pid || packet.payload.length === 0) continue
    if (packet.unitStart) found.push([])
    found.at(-1)?.push(packet.payload)
  }
  return found.map((parts) => Buffer.concat(parts))
}

/** PTS and DTS of a PES packet by the layout of §2.4.3.6. */
export const pesTimes = (pes: Buffer): readonly [pts: number, dts: number] => {
  const read = (at: number, prefix: number) => {
    const bits = BigInt(`0x${pes.toString("hex", at, at + 5)}`)
    if (
      bits >> 36n !== BigInt(prefix) ||
      (bits & 1n) !== 1n ||
      ((bits >> 16n) & 1n) !== 1n ||
      ((bits >> 32n) & 1n) !== 1n
    )
      throw new Error(`marker bits: ${pes.toString("hex", at, at + 5)}`)
    return Number((((bits >> 33n) & 7n) << 30n) | (((bits >> 17n) & 0x7fffn) << 15n) | ((bits >> 1n) & 0x7fffn))
  }
  if (pes.readUInt32BE(0) >>> 8 !== 1) throw new Error("start code")
  const both = pes[7] >> 6 === 3
  if (pes[8] !== (both ? 10 : 5)) throw new Error("PES_header_data_length")
  const pts = read(9, both ? 3 : 2)
  return [pts, both ? read(14, 1) : pts]
}
