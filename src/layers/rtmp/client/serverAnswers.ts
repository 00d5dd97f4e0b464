/** What a server's commands mean to its client. */
import * as Effect from "effect/Effect"
import { AmfObject, type AmfValue } from "../../../domain/amf/AmfValue.ts"
import { type Command, stringMember } from "../../../domain/rtmp/Command.ts"
import { type RtmpFailed, RtmpRefused, RtmpStopped } from "../../../services/RtmpClient.ts"
import type { ConnectionClosed } from "../../../services/Transport.ts"
import type { ServerChannel } from "./ServerChannel.ts"

/** Statuses that end a stream; librtmp and FFmpeg end at the same. */
const stops = new Set([
  "NetStream.Play.Stop",
  "NetStream.Play.Complete",
  "NetStream.Play.UnpublishNotify",
  "NetStream.Unpublish.Success",
  "NetConnection.Connect.Closed",
  "NetConnection.Connect.ReconnectRequest"
])

/** The object that says more: an argument, or of some servers the command object. */
const informationOf = (command: Command): AmfValue => {
  const isObject = (value: AmfValue) => value instanceof AmfObject
  return command.args.find(isObject) ?? command.commandObject
}

const statusOf = (command: Command) => {
  const information = informationOf(command)
  return {
    level: stringMember(information, "level"),
    code: stringMember(information, "code"),
    description: stringMember(information, "description")
  }
}

const refusedBy = (url: string, command: Command): RtmpRefused => {
  const { code, description } = statusOf(command)
  return new RtmpRefused({ url, code, description })
}

/** How a command ends the stream, if it does. */
export const endBy = (url: string, command: Command): RtmpRefused | RtmpStopped | undefined => {
  if (command.name !== "onStatus") return undefined
  const { level, code, description } = statusOf(command)
  if (level === "error") return new RtmpRefused({ url, code, description })
  return stops.has(code) ? new RtmpStopped({ url, code, description }) : undefined
}

const isRefusal = (command: Command, transactionId: number): boolean =>
  (command.name === "_error" && command.transactionId === transactionId) ||
  (command.name === "onStatus" && statusOf(command).level === "error")

/** Reads until the wanted command comes, or one that refuses the call. Others that come meanwhile are dropped. */
const awaitCommand = (
  channel: ServerChannel,
  transactionId: number,
  isWanted: (command: Command) => boolean
): Effect.Effect<Command, RtmpRefused | RtmpFailed | ConnectionClosed> =>
  Effect.gen(function* () {
    while (true) {
      for (let command = channel.commands.shift(); command !== undefined; command = channel.commands.shift()) {
        if (isRefusal(command, transactionId)) return yield* Effect.fail(refusedBy(channel.url, command))
        if (isWanted(command)) return command
      }
      yield* channel.step
    }
  })

export const awaitResult = (channel: ServerChannel, transactionId: number) =>
  awaitCommand(
    channel,
    transactionId,
    (command) => command.name === "_result" && command.transactionId === transactionId
  )

/** Some servers answer publish with a result and no status. */
export const awaitStatus = (channel: ServerChannel, transactionId: number, code: string) =>
  awaitCommand(
    channel,
    transactionId,
    (command) =>
      (command.name === "onStatus" && statusOf(command).code === code) ||
      (command.name === "_result" && command.transactionId === transactionId)
  )
