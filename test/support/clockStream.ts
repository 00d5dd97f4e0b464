/**
 * A live stream whose pictures tell when they were made: a strip at the bottom has the wall clock in milliseconds, modulo
 * 2^32, a bit in each 8 pixels, from the lowest. Whoever sees a picture knows its age, encoder, server and player together.
 */
import { Program, words } from "./program.ts"

export const clockPicture = { width: 320, height: 192 } as const

/** `T` is the time of the picture: that of the wall clock, by `RTCTIME`. */
const strip = "geq=lum='255*mod(floor(T*1000/pow(2,floor(X/8))),2)':cb=128:cr=128"

const graph = [
  "[0:v]split[a][b]",
  `[b]crop=320:16:0:0,settb=1/1000000,setpts=RTCTIME,${strip},settb=1/25,setpts=N[clock]`,
  "[a]settb=1/25,setpts=N[scene]",
  "[scene][clock]vstack[v]"
].join(";")

/** 25 pictures a second, a keyframe each `gop` of them, a tone beside them. */
export const publishClock = (url: string, gop = 50): Program =>
  new Program(
    [
      ...words("ffmpeg -v error -stats -re -f lavfi -i testsrc2=s=320x176:r=25 -re -f lavfi -i sine=f=440:r=44100"),
      "-filter_complex",
      graph,
      ...words(`-map [v] -map 1:a -c:v libx264 -preset ultrafast -tune zerolatency -g ${gop} -pix_fmt yuv420p`),
      ...words("-c:a aac -f flv"),
      url
    ],
    { seconds: 180 }
  )
