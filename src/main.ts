import { cli } from "./cli.ts"
import { runMain } from "./layers/process/runMain.ts"

runMain(cli(process.argv.slice(2), process.env))
