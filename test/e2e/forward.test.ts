/** A published stream at servers that it is forwarded to: nginx's RTMP module, and a second instance over RTMP and RTMPS. */
import { expect, test } from "bun:test"
import { withCertificate } from "../support/certificate.ts"
import { asked, play, publish } from "../support/clients.ts"
import { clip, trace } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { NginxRtmp } from "../support/nginxRtmp.ts"
import { startServer } from "../support/server.ts"

test("nginx and a second server get what was published, packet by packet, with its metadata", async () => {
  const media = await clip("h264Aac")
  await using nginx = await NginxRtmp.start()
  await using second = await startServer()
  const destinations = `127.0.0.1:${nginx.port} rtmp://127.0.0.1:${second.rtmpPort}/copy/of-[stream]`
  await using origin = await startServer({ vhost: `forward { enabled on; destination ${destinations}; }` })
  await using atNginx = play(nginx.url("live/cam"))
  await using atSecond = play(second.rtmp("copy/of-cam"))
  await Promise.all([asked(atNginx), asked(atSecond)])
  await Promise.all([nginx.playing("cam"), second.plays(1)])
  await using publisher = publish(media.path, origin.rtmp("live/cam"), { realTime: true })
  for (const player of [atNginx, atSecond]) {
    await player.receivedEndOf(media.packets)
    for (const kind of ["video", "audio"] as const) {
      expect(trace(player.packets, kind)).toEqual(trace(media.packets, kind))
    }
  }
  await publisher.succeeded()
  // nginx knows it from the metadata alone.
  expect(atNginx.err.text()).toMatch(/fps +: 25/)
  await origin.stop()
  await second.stop()
}, 60_000)

test(
  "a second server gets it over RTMPS; unless told otherwise only with a valid certificate",
  () =>
    withCertificate(async ({ cert, key }) => {
      const media = await clip("videoOnly")
      const [port] = (await freePorts(1)) as [number]
      const rtmps = `rtmps { enabled on; listen ${port}; key ${key}; cert ${cert}; }`
      await using second = await startServer({ global: rtmps, ports: [port] })
      const to = `forward { enabled on; destination rtmps://127.0.0.1:${port}; }`
      await using strict = await startServer({ vhost: to })
      await using trusting = await startServer({ vhost: to.replace("enabled on", "enabled on; tls_verify off") })
      await using player = play(second.rtmp("live/cam"))
      await asked(player)
      await second.plays(1)
      await using wary = publish(media.path, strict.rtmp("live/other"), { realTime: true })
      await strict.program.sees(/destination lost/)
      await using publisher = publish(media.path, trusting.rtmp("live/cam"), { realTime: true })
      await player.receivedEndOf(media.packets)
      expect(trace(player.packets, "video")).toEqual(trace(media.packets, "video"))
      await Promise.all([publisher.succeeded(), wary.stop("SIGINT")])
      expect(second.log()).not.toContain("live/other")
      for (const server of [strict, trusting, second]) await server.stop()
    }),
  60_000
)
