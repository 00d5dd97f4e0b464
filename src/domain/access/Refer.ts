/** SRS's check of the page a player was embedded in (`refer`): the page's host must be in one of the domains. */
import { splitUrl } from "../rtmp/UrlText.ts"

/** Host of a page URL, lower case; the text itself up to the first `/` or `:` where it is no URL. */
const pageHost = (pageUrl: string): string => {
  const url = splitUrl(pageUrl.trim())
  return (url === undefined ? pageUrl.trim().replace(/[/:?#][\s\S]*$/, "") : url.host).toLowerCase()
}

/**
 * No domains: everybody. Otherwise the host is one of them or a subdomain: `github.io` admits `ossrs.github.io`. Unlike
 * SRS, which compares bare text, it does not admit `evilgithub.io`. A client that names no page is refused.
 */
export const isReferAllowed = (pageUrl: string, domains: ReadonlyArray<string>): boolean => {
  if (domains.length === 0) return true
  const host = pageHost(pageUrl)
  return domains.some((domain) => {
    const suffix = domain.toLowerCase().replace(/^\./, "")
    return suffix !== "" && (host === suffix || host.endsWith(`.${suffix}`))
  })
}
