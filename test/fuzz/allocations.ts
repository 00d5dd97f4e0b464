/** How many bytes of buffers code asks for: what an announced length would make a parser allocate. */

const counted = { bytes: 0 }

const count = (length: unknown): void => {
  if (typeof length === "number") counted.bytes += length
}

/** `new Uint8Array(length)` and the like; the class stays what it is to everybody else. */
const countNew = (name: "Uint8Array" | "Uint16Array" | "Uint32Array" | "Float64Array" | "ArrayBuffer"): void => {
  const watched = new Proxy(globalThis[name], {
    construct(make, args: Array<unknown>, target) {
      count(args[0])
      return Reflect.construct(make, args, target) as object
    }
  })
  Object.assign(globalThis, { [name]: watched })
}

for (const name of ["Uint8Array", "Uint16Array", "Uint32Array", "Float64Array", "ArrayBuffer"] as const) countNew(name)

for (const name of ["alloc", "allocUnsafe", "allocUnsafeSlow"] as const) {
  const make = Buffer[name]
  Buffer[name] = (length: number, ...rest: []) => {
    count(length)
    return make(length, ...rest)
  }
}

/** Bytes that were asked for while it ran. */
export const allocatedBy = (run: () => void): number => {
  counted.bytes = 0
  run()
  return counted.bytes
}
