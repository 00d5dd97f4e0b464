import { expect, test } from "bun:test"
import { findGroup, findUser } from "../../../src/domain/process/userEntry.ts"

const passwd =
  "root:x:0:0:root:/root:/bin/bash\n\n# a comment\nhalf:x:7\nmedia:x:998:997::/nonexistent:/usr/sbin/nologin\n"
const groups = "root:x:0:\nmedia:x:997:joe,eve\n"

test("a user is found by name or number, with its group", () => {
  const media = { name: "media", uid: 998, gid: 997 }
  expect([findUser(passwd, "media"), findUser(passwd, "998")]).toEqual([media, media])
  for (const nobody of ["", "half", "joe", "99", "x", "# a comment"]) expect(findUser(passwd, nobody)).toBeUndefined()
})

test("a group too", () => {
  expect([findGroup(groups, "media"), findGroup(groups, "997"), findGroup(groups, "joe")]).toEqual([
    997,
    997,
    undefined
  ])
})
