import { useTranslation } from 'react-i18next';
import { KeyValue, type Fact } from '../../../components/key-value';
import { Sparkline } from '../../../components/sparkline';
import type { Stream, Viewers } from '../../../lib/api-types';
import { formatClock, formatDateTime, formatMbps } from '../../../lib/format';
import { codecName } from '../codec-name';
import { useBitrateHistory } from '../use-bitrate-history';

const UNKNOWN = '–';
const PROTOCOLS: Record<string, string> = { rtmp: 'RTMP', srt: 'SRT', webrtc: 'WebRTC' };
const WAYS = ['rtmp', 'srt', 'webrtc', 'flv', 'hls'] as const satisfies readonly (keyof Viewers)[];

export function StreamFacts({ stream, serverNow }: { stream: Stream; serverNow: number }) {
  const { t, i18n } = useTranslation();
  const { video, audio, viewers, recv_kbps: kbps } = stream;
  const history = useBitrateHistory(stream);
  const facts: Fact[] = [
    { name: t('live.facts.viewers'), value: viewers.total, title: WAYS.map((way) => `${way.toUpperCase()} ${viewers[way]}`).join(' · ') },
    { name: t('live.facts.bitrate'), value: kbps == null ? UNKNOWN : formatMbps(kbps), unit: kbps == null ? undefined : 'Mbit/s', after: <Sparkline values={history} label={t('live.facts.bitrateCourse')} /> },
    { name: t('live.facts.resolution'), value: video?.width && video.height ? `${video.width}×${video.height}` : UNKNOWN },
    {
      name: t('live.facts.codecs'),
      value: [video, audio].flatMap((track) => (track ? [codecName(track.codec)] : [])).join(' + ') || UNKNOWN,
      title: [video?.profile, video?.level, audio?.profile, audio?.sample_rate && `${audio.sample_rate} Hz`].filter(Boolean).join(' · ') || undefined,
    },
    { name: t('live.facts.since'), value: formatClock((serverNow - stream.since_ms) / 1000), title: formatDateTime(stream.since_ms, i18n.language) },
    { name: t('live.facts.from'), value: [PROTOCOLS[stream.protocol] ?? stream.protocol, stream.ip].filter(Boolean).join(' · ') },
  ];
  return <KeyValue facts={facts} />;
}
