/** The build of hls.js without subtitles, encryption systems and alternate sound, which has no declarations of its own. */
declare module "hls.js/light" {
  import Hls from "hls.js"
  export default Hls
}
