import { choice, flag, group, list, seconds, table, text } from "../entries.ts"

export const dvr = table({
  title: "DVR",
  doc: "Recording of streams to files.",
  active: false,
  vhost: {
    dvr: group(
      "dvr",
      { doc: "What is recorded, and where." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Record." }),
        apply: list("dvr_apply", {
          default: ["all"],
          reload: "next",
          env: [],
          doc: "`all`, or streams as `app/stream`."
        }),
        plan: choice("dvr_plan", ["session", "segment"], {
          default: "session",
          reload: "yes",
          doc: "One file for each publish, or files of a certain length."
        }),
        path: text("dvr_path", {
          default: "./objs/nginx/html/[app]/[stream].[timestamp].flv",
          reload: "yes",
          doc: "Name of a file, with variables; .flv or .mp4."
        }),
        durationMillis: seconds("dvr_duration", { default: 30, reload: "yes", doc: "Length of the plan `segment`." }),
        waitKeyframe: flag("dvr_wait_keyframe", { default: true, reload: "yes", doc: "Cut at keyframes only." }),
        timeJitter: choice("time_jitter", ["full", "zero", "off"], {
          default: "full",
          otherwise: "off",
          reload: "yes",
          doc: "Timestamps: repaired, repaired to start at zero, or as published."
        })
      }
    )
  }
})
