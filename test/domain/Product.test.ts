import { expect, test } from "bun:test"
import packageJson from "../../package.json" with { type: "json" }
import { name, signature, version } from "../../src/domain/Product.ts"

test("name and version are those of the package", () => {
  expect([name, version]).toEqual([packageJson.name, packageJson.version])
})

test("the signature is that of SRS", () => {
  expect(signature).toBe("SRS/7.0.18(Hang)")
})
