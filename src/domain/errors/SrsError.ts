/**
 * SRS's error numbers and the names its log prints with them: what tools grep for, the API answers and the process
 * exits with (modulo 256). An error of ours names its number by putting one of these in a field or getter `code`.
 */
export const srsErrors = {
  SocketCreate: 1000,
  SocketBind: 1002,
  SocketListen: 1003,
  SocketClosed: 1004,
  SocketRead: 1007,
  SocketWrite: 1009,
  SocketTimeout: 1011,
  SocketConnect: 1012,
  RtmpInvalidPacket: 1019,
  RtmpInvalidClient: 1020,
  SystemAssert: 1021,
  ConfigInvalid: 1023,
  StreamBusy: 1028,
  RtmpForwardLoop: 1030,
  PidFileAcquire: 1034,
  PidFileProcessExists: 1035,
  PidFileLock: 1036,
  PidFileWrite: 1038,
  FileOpen: 1042,
  FileRead: 1044,
  FileWrite: 1045,
  SecurityCheck: 1052,
  SecurityDeny: 1053,
  SecurityAllow: 1054,
  DirCreate: 1057,
  ConfigRaw: 1060,
  ConfigRawDisable: 1061,
  FileNotFound: 1064,
  DnsResolve: 1066,
  SystemAsProcess: 1073,
  ConnectionsExceed: 1074,
  ExporterDisable: 1090,
  RtmpPlainRequired: 2000,
  RtmpChunkStart: 2001,
  RtmpMsgSize: 2002,
  Amf0Decode: 2003,
  Amf0Invalid: 2004,
  RtmpConnect: 2005,
  RtmpTcUrl: 2006,
  RtmpDecode: 2007,
  RtmpEncode: 2008,
  Amf0Encode: 2009,
  RtmpChunkSize: 2010,
  RtmpTrySimple: 2011,
  RtmpSchema: 2012,
  RtmpPacketSize: 2013,
  NoVhost: 2014,
  SecurityDenied: 2015,
  RtmpHandshake: 2016,
  RtmpNoRequest: 2017,
  DurationExceed: 2019,
  EdgePlayState: 2020,
  EdgePublishState: 2021,
  EdgeReload: 2023,
  RtmpAggregate: 2024,
  StreamNotFound: 2048,
  ClientNotFound: 2049,
  StreamNameEmpty: 2051,
  RtmpProxy: 2054,
  RtmpIdentify: 2055,
  KickoffForIdle: 2056,
  RtmpRedirect: 2997,
  RtmpClose: 2998,
  RtmpRepublish: 2999,
  HttpParseUrl: 3007,
  HttpResponseData: 3008,
  HttpParseHeader: 3009,
  HttpHandlerUrl: 3010,
  HttpResponseCode: 3064,
  FlvHeader: 3036,
  HttpContentLength: 4003,
  HttpStreamExt: 4004,
  CasterEngine: 4010,
  CasterPort: 4011,
  HttpsHandshake: 4042,
  HttpsSslFile: 4045
} as const

export type SrsErrorName = keyof typeof srsErrors

const names = new Map<number, SrsErrorName>(
  Object.entries(srsErrors).map(([name, code]) => [code, name as SrsErrorName])
)

/** The name that SRS prints with a number; `undefined` for a number it has not. */
export const srsErrorName = (code: number): SrsErrorName | undefined => names.get(code)

/** What a process that ends with this error returns to its parent: SRS's number modulo 256, never 0. */
export const exitStatus = (code: number): number => code % 256 || 1
