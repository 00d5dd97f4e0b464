/** A link within the page, unless it is to be opened elsewhere. */
export const followed = (go: (address: string) => void) => (event: MouseEvent) => {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  go((event.currentTarget as HTMLAnchorElement).getAttribute("href") ?? "/")
}
