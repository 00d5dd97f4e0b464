/** What this program calls itself. */

export const name = "sluice"

/** Version of this program, that of package.json. */
export const version = "0.1.0"

/** The release of SRS whose visible behaviour this program has: what `-v` prints and the API reports. */
export const compatibleVersion = "7.0.18"

/** What `-g` prints, and the `Server` header of HTTP. */
export const signature = `SRS/${compatibleVersion}(Hang)`
