/**
 * What SRS 7 has, by block, typed from its documentation: a directive of this server that is not here is its own. RTMPS and
 * `hls_use_fmp4` came with a later 7.0.
 */
const blocks: Readonly<Record<string, string>> = {
  "": "listen pid chunk_size server_id max_connections daemon utc_time pithy_print_ms work_dir asprocess empty_ip_ok in_docker disable_daemon_for_docker grace_start_wait grace_final_wait force_grace_quit inotify_auto_reload auto_reload_for_docker tcmalloc_release_rate query_latest_version first_wait_for_qlv is_full srs_log_tank srs_log_level srs_log_level_v2 srs_log_file ff_log_dir ff_log_level http_api http_server srt_server rtc_server stream_caster exporter heartbeat stats threads circuit_breaker tencentcloud_cls tencentcloud_apm rtmps",
  http_api: "enabled listen crossdomain raw_api auth https",
  "http_api.raw_api": "enabled allow_reload allow_query allow_update",
  "http_api.auth": "enabled username password",
  "http_api.https": "enabled listen key cert",
  http_server: "enabled listen dir crossdomain https",
  "http_server.https": "enabled listen key cert",
  srt_server:
    "enabled listen maxbw mss connect_timeout peer_idle_timeout default_app latency recvlatency peerlatency tsbpdmode tlpktdrop sendbuf recvbuf payloadsize passphrase pbkeylen sei_filter mix_correct",
  vhost:
    "srt rtc enabled chunk_size min_latency tcp_nodelay in_ack_size out_ack_size bandcheck play publish http_remux refer security http_hooks http_static hls dash hds dvr forward cluster exec ingest transcode",
  "vhost.srt": "enabled srt_to_rtmp",
  rtc_server:
    "enabled listen tcp protocol candidate use_auto_detect_network_ip ip_family api_as_candidates resolve_api_domain keep_api_domain ecdsa encrypt reuseport merge_nalus black_hole dir",
  "rtc_server.tcp": "enabled listen",
  "rtc_server.black_hole": "enabled addr",
  "vhost.rtc":
    "enabled nack nack_no_copy twcc stun_timeout stun_strict_check dtls_role dtls_version drop_for_pt rtmp_to_rtc keep_bframe keep_avc_nalu_sei opus_bitrate aac_bitrate rtc_to_rtmp pli_for_rtmp bframe aac",
  stream_caster: "enabled caster output listen sip",
  "stream_caster.sip": "enabled listen timeout reinvite candidate",
  exporter: "enabled listen label tag",
  heartbeat: "enabled interval url device_id summaries ports",
  stats: "enabled network disk",
  threads: "interval",
  circuit_breaker: "enabled high_threshold high_pulse critical_threshold critical_pulse dying_threshold dying_pulse",
  tencentcloud_cls:
    "enabled label tag secret_id secret_key endpoint topic_id debug_logging stat_heartbeat heartbeat_ratio stat_streams streams_ratio",
  tencentcloud_apm: "enabled team token endpoint service_name debug_logging",
  "vhost.play":
    "gop_cache gop_cache_max_frames queue_length time_jitter atc atc_auto mix_correct mw_latency mw_msgs send_min_interval reduce_sequence_header",
  "vhost.publish": "mr mr_latency firstpkt_timeout normal_timeout parse_sps try_annexb_first kickoff_for_idle",
  "vhost.http_remux": "enabled mount fast_cache drop_if_not_match has_audio has_video guess_has_av",
  "vhost.refer": "enabled all publish play",
  "vhost.security": "enabled allow deny",
  "vhost.http_hooks": "enabled on_connect on_close on_publish on_unpublish on_play on_stop on_dvr on_hls on_hls_notify",
  "vhost.http_static": "enabled mount dir",
  "vhost.hls":
    "enabled hls_fragment hls_td_ratio hls_aof_ratio hls_window hls_on_error hls_path hls_m3u8_file hls_ts_file hls_ts_floor hls_entry_prefix hls_acodec hls_vcodec hls_cleanup hls_dispose hls_wait_keyframe hls_nb_notify hls_dts_directly hls_ctx hls_ts_ctx hls_keys hls_fragments_per_key hls_key_file hls_key_file_path hls_key_url hls_storage hls_mount hls_use_fmp4",
  "vhost.dash":
    "enabled dash_fragment dash_update_period dash_timeshift dash_path dash_mpd_file dash_window_size dash_cleanup dash_dispose",
  "vhost.hds": "enabled hds_fragment hds_window hds_path",
  "vhost.dvr": "enabled dvr_apply dvr_plan dvr_path dvr_duration dvr_wait_keyframe time_jitter",
  "vhost.forward": "enabled destination backend",
  "vhost.cluster": "mode origin token_traverse vhost debug_srs_upnode protocol follow_client origin_cluster coworkers",
  "vhost.exec": "enabled publish",
  "vhost.ingest": "enabled input ffmpeg engine",
  "vhost.ingest.input": "type url",
  "vhost.ingest.engine":
    "enabled perfile vfilter vparams aparams iformat oformat vcodec acodec vbitrate abitrate vfps vwidth vheight vthreads vprofile vpreset asample_rate achannels output",
  "vhost.transcode": "enabled ffmpeg engine",
  "vhost.transcode.engine":
    "enabled perfile vfilter vparams aparams iformat oformat vcodec acodec vbitrate abitrate vfps vwidth vheight vthreads vprofile vpreset asample_rate achannels output",
  rtmps: "enabled listen key cert"
}

export const srsDirectives: ReadonlySet<string> = new Set(
  Object.entries(blocks).flatMap(([block, names]) =>
    names.split(" ").map((name) => (block === "" ? name : `${block}.${name}`))
  )
)
