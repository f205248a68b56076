const NAMES: Record<string, string> = { rtmp: 'RTMP', srt: 'SRT', webrtc: 'WebRTC', flv: 'HTTP-FLV', hls: 'HLS' };

export function protocolName(protocol: string): string {
  return NAMES[protocol] ?? protocol;
}
