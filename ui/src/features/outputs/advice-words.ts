import type { TFunction } from 'i18next';
import type { Output, OutputPreset } from '../../lib/ffmpeg-types';

const CODECS: Record<string, string> = { avc: 'H.264', hevc: 'H.265 (HEVC)', av1: 'AV1', vp9: 'VP9' };

/** A piece of advice in the page's language with its figures; as the server says it where the page has no words of its own. */
export function adviceText(
  { key, message, help }: Output['advice'][number],
  { media }: Output,
  preset: OutputPreset | undefined,
  platform: string,
  t: TFunction,
): { message: string; help: string } {
  const figures = {
    platform,
    codec: CODECS[media?.video_codec ?? ''] ?? media?.video_codec ?? '',
    gop: ((media?.gop_ms ?? 0) / 1000).toFixed(1),
    maxGop: preset?.max_gop_s ?? 0,
    format: media?.pix_fmt ?? '',
    audio: (media?.audio_codec ?? '').toUpperCase(),
    rate: media?.audio_rate ?? 0,
    kbps: (media?.video_kbps ?? 0) + (media?.audio_kbps ?? 0),
    maxKbps: preset?.max_kbps ?? 0,
  };
  const said = (part: 'message' | 'help', otherwise: string) => t(`outputs.advice.${key}.${part}` as 'outputs.advice.output_codec.message', { ...figures, defaultValue: otherwise });
  return { message: said('message', message), help: said('help', help) };
}
