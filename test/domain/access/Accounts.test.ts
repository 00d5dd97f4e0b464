import { expect, test } from "bun:test"
import { readAccounts, readBasic, readLogin } from "../../../src/domain/access/Accounts.ts"
import { parseStoredSecret, printAdobe, printScrypt } from "../../../src/domain/access/StoredSecret.ts"

const salt = "MDEyMzQ1Njc4OWFiY2RlZg"
const hash = "gEeb/KeWbm5g+kBQOFr1yJbkjBxxxDOkhSmrSXFFwOg"

test("hashes are read as they are printed", () => {
  const scrypt = `$scrypt$ln=14,r=8,p=1$${salt}$${hash}`
  const parsed = parseStoredSecret(scrypt)
  expect(parsed).toMatchObject({ _tag: "Scrypt", costLog2: 14, blockSize: 8, parallelization: 1 })
  expect(parsed?._tag === "Scrypt" ? printScrypt(parsed) : "").toBe(scrypt)
  // By Python's hashlib.
  const adobe = "$adobe$SALT1234$VuW0kq7gFB5LOYjhfQMivQ=="
  expect(printAdobe("joe", "SALT1234", "secret")).toBe(adobe)
  expect(parseStoredSecret(adobe)).toEqual({ _tag: "Adobe", salt: "SALT1234", hash: "VuW0kq7gFB5LOYjhfQMivQ==" })
})

const refused = [
  "",
  "secret",
  "$scrypt$",
  `$scrypt$ln=19,r=8,p=1$${salt}$${hash}`,
  `$scrypt$ln=14,r=9,p=1$${salt}$${hash}`,
  `$scrypt$ln=14,r=8,p=99$${salt}$${hash}`,
  `$scrypt$ln=0,r=8,p=1$${salt}$${hash}`,
  `$scrypt$ln=14,r=8,p=1$${salt}$AAAA`,
  `$scrypt$ln=14,r=8,p=1$$${hash}`,
  "$adobe$$VuW0kq7gFB5LOYjhfQMivQ==",
  "$adobe$SALT1234$VuW0"
]
test.each(refused)("%j is no hash, or costs too much", (text) => {
  expect(parseStoredSecret(text)).toBeUndefined()
})

test("users and keys are found by name; lines that are none are told without their hashes", () => {
  const scrypt = `$scrypt$ln=14,r=8,p=1$${salt}$${hash}`
  const accounts = readAccounts({
    users: [["joe", scrypt], ["joe", "$adobe$SALT1234$VuW0kq7gFB5LOYjhfQMivQ=="], ["eve", "secret"], []],
    keys: [
      ["live/a", scrypt],
      ["*", scrypt, "more"]
    ]
  })
  expect(accounts.users.get("joe")?.map(({ _tag }) => _tag)).toEqual(["Scrypt", "Adobe"])
  expect([...accounts.keys.keys()]).toEqual(["live/a"])
  expect(accounts.misfits).toEqual(["user eve", "user ", "key *"])
})

test("logins", () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`
  expect(readBasic(basic("joe:sec:ret"))).toEqual({ user: "joe", password: "sec:ret" })
  expect(readBasic(basic("jö:").replace("Basic", "basic"))).toEqual({ user: "jö", password: "" })
  for (const text of ["", "Basic", "Bearer x", basic("joe"), "Basic !", `Basic ${"a".repeat(5000)}`]) {
    expect(readBasic(text)).toBeUndefined()
  }
  expect(readLogin("?user=joe&password=a%26b")).toEqual({ user: "joe", password: "a&b" })
  expect(readLogin("?user=joe")).toBeUndefined()
})
