import { keepHeapSmall } from "./layers/process/smallHeap.ts"

// Before all else is loaded.
keepHeapSmall()
const { cli } = await import("./cli.ts")
const { runMain } = await import("./layers/process/runMain.ts")

runMain(cli(process.argv.slice(2), process.env))
