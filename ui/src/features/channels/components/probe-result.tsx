import { useTranslation } from 'react-i18next';
import { KeyValue } from '../../../components/key-value';
import { Notice } from '../../../components/notice';
import type { SourceProbe } from '../../../lib/ffmpeg-types';
import { formatClock, formatMbps } from '../../../lib/format';
import { problemText } from '../../../lib/problem-text';
import { codecWord } from '../codec-words';

/** What was found behind an address, or why nothing was. */
export function ProbeResult({ probe: { media, duration_ms, kbps, problem } }: { probe: SourceProbe }) {
  const { t } = useTranslation();
  if (problem || !media) {
    const why = problem && problemText(problem, t);
    return (
      <Notice tone="error" role="alert" title={t('channels.probe.failed')}>
        {why && (
          <p>
            {why.message} {why.help}
          </p>
        )}
      </Notice>
    );
  }
  const { video_codec, width, height, fps, audio_codec, audio_rate } = media;
  return (
    <Notice tone="ok" role="status" title={t('channels.probe.ok')}>
      <KeyValue
        facts={[
          {
            name: t('channels.probe.picture'),
            value: video_codec
              ? [codecWord(video_codec), width > 0 && `${width}×${height}`, fps > 0 && `${Math.round(fps)} fps`].filter(Boolean).join(' · ')
              : t('channels.probe.noPicture'),
          },
          {
            name: t('channels.probe.sound'),
            value: audio_codec ? [codecWord(audio_codec), audio_rate > 0 && `${audio_rate / 1000} kHz`].filter(Boolean).join(' · ') : t('channels.probe.noSound'),
          },
          { name: t('channels.probe.length'), value: duration_ms > 0 ? formatClock(duration_ms / 1000) : t('channels.probe.live') },
          ...(kbps > 0 ? [{ name: t('channels.probe.bitrate'), value: formatMbps(kbps), unit: 'Mbit/s' }] : []),
        ]}
      />
    </Notice>
  );
}
