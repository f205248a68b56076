import type { TFunction } from 'i18next';

const PROTOCOLS: Record<string, string> = { rtmp: 'RTMP', srt: 'SRT', webrtc: 'WebRTC', flv: 'HTTP-FLV', hls: 'HLS' };

export function protocolName(protocol: string): string {
  return PROTOCOLS[protocol] ?? protocol;
}

/** `CH` in the words of `language`; the code itself where the browser has no name. */
export function countryName(code: string, language: string): string {
  try {
    return new Intl.DisplayNames(language, { type: 'region' }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** Why a session ended; words of the server where the page has none. */
export function reasonName(reason: string, t: TFunction): string {
  return t(`stats.sessions.reasons.${reason}` as 'stats.sessions.reasons.kicked', { defaultValue: reason.replaceAll('_', ' ') });
}
