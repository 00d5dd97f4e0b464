import { expect, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { play, publish } from "../support/clients.ts"
import { clip, trace } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { Program, words } from "../support/program.ts"
import { withServer } from "../support/server.ts"

test("FFmpeg publishes and plays over RTMPS, with a certificate from files", async () => {
  const directory = mkdtempSync(join(tmpdir(), "sluice-tls-"))
  const [port] = (await freePorts(1)) as [number]
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")]
  const request = words("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost")
  await using openssl = new Program([...request, "-keyout", key, "-out", cert])
  await openssl.succeeded()
  await withServer(
    { global: `rtmps { enabled on; listen ${port}; key ${key}; cert ${cert}; }`, ports: [port] },
    async (server) => {
      const source = await clip("h264Aac")
      const url = `rtmps://127.0.0.1:${port}/live/a`
      await using player = play(url, { input: ["-tls_verify", "0"] })
      await server.plays(1)
      await using publisher = publish(source.path, url, { output: ["-tls_verify", "0"] })
      await publisher.succeeded()
      await player.receivedEndOf(source.packets)
      expect(trace(player.packets, "video")).toEqual(trace(source.packets, "video"))
      expect(trace(player.packets, "audio")).toEqual(trace(source.packets, "audio"))
    }
  )()
  rmSync(directory, { recursive: true })
})
