/**
 * On a machine with much memory JavaScriptCore lets its heap grow to twice what lives in it before it collects. A server
 * that holds frames and sessions for a while pays for that with half of its resident memory (docs/performance.md).
 *
 * It reads how much memory there is to reckon with from the environment alone, and before the program begins. So Bun
 * becomes itself once more, in the same process, with that said. It takes 10 ms. Deno and Node go on as they are.
 */
const variable = "BUN_JSC_forceRAMSize"
/** From half of this on the heap grows by a quarter at a time. */
const reckonedBytes = 134_217_728

export const keepHeapSmall = (): void => {
  if (!("Bun" in globalThis) || process.platform === "win32") return
  if (process.env[variable] === undefined) {
    const { execArgv, execPath } = process
    process.execve?.(execPath, [execPath, ...execArgv, ...process.argv.slice(1)], {
      ...process.env,
      [variable]: String(reckonedBytes)
    })
  }
  // Programs that the server starts are to reckon for themselves.
  delete process.env[variable]
}
