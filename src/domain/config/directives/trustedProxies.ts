import { group, networks, ports, table } from "../entries.ts"

export const trustedProxies = table({
  title: "Proxies in front",
  doc: "Who may say whose a connection or request is: docs/security.md. Beyond SRS.",
  active: true,
  global: {
    trustedProxies: group(
      "trusted_proxies",
      { doc: "Load balancers and reverse proxies." },
      {
        addresses: networks("addresses", {
          default: [],
          reload: "next",
          doc: "Their addresses and networks: `X-Forwarded-For` and `X-Real-IP` of these count, of nobody else."
        }),
        proxyProtocol: ports("proxy_protocol", {
          default: [],
          reload: "next",
          doc: "Ports at which each of their connections begins with a PROXY header, version 1 or 2, before TLS where there is any."
        })
      }
    )
  }
})
