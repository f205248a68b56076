const NAMES: Record<string, string> = { h264: 'H.264', avc: 'H.264', hevc: 'HEVC', h265: 'HEVC', av1: 'AV1', vp9: 'VP9', aac: 'AAC', mp3: 'MP3', opus: 'Opus' };

export function codecWord(codec: string): string {
  return NAMES[codec.toLowerCase()] ?? codec;
}

/** Both codecs as people write them: `H.264 + AAC`. */
export function codecWords({ video_codec, audio_codec }: { video_codec: string; audio_codec: string }): string {
  return [video_codec, audio_codec].filter(Boolean).map(codecWord).join(' + ');
}
