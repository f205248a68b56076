const NAMES: Record<string, string> = { H264: 'H.264', AVC: 'H.264', H265: 'HEVC', OPUS: 'Opus' };

/** The usual spelling of a codec as the media server names it. */
export function codecName(codec: string): string {
  return NAMES[codec.toUpperCase()] ?? codec;
}
