import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { KeyValue, type Fact } from '../../../components/key-value';
import { Notice } from '../../../components/notice';
import { ProgressRow } from '../../../components/progress-row';
import { formatBytes, formatClock, formatDateTime } from '../../../lib/format';
import { problemText } from '../../../lib/problem-text';
import { storageTargetsQuery } from '../../../lib/recording-queries';
import type { Recording } from '../../../lib/recording-types';
import { shownState, sizeOf } from '../recording-state';
import { useUploadOf } from '../use-live-recordings';
import { Place } from './place';

/** What a recording is made of, where it is, and what went wrong with it. */
export function FactsCard({ recording }: { recording: Recording }) {
  const { t, i18n } = useTranslation();
  const { width, height, video_codec, audio_codec } = recording;
  const codecs = [video_codec, width && height ? `${width}×${height}` : '', audio_codec].filter(Boolean).join(' · ');
  const fact = (name: string, value: ReactNode): Fact => ({ name, value });
  const facts = [
    fact(t('recordings.facts.started'), formatDateTime(recording.started_ms, i18n.language)),
    ...(recording.ended_ms === null ? [] : [fact(t('recordings.facts.ended'), formatDateTime(recording.ended_ms, i18n.language))]),
    fact(t('recordings.list.length'), formatClock(recording.duration_ms / 1000)),
    fact(t('recordings.list.size'), formatBytes(sizeOf(recording))),
    ...(recording.mp4_bytes === null ? [] : [fact('MP4', formatBytes(recording.mp4_bytes))]),
    ...(codecs ? [fact(t('recordings.facts.made'), codecs)] : []),
    fact(t('recordings.list.place'), <Place recording={recording} />),
    ...(recording.end_reason ? [fact(t('recordings.facts.why'), t(`recordings.endWhy.${recording.end_reason}`))] : []),
    ...(recording.stream ? [fact(t('recordings.facts.stream'), <Link to="/recordings" search={{ stream: recording.url }}>{recording.url}</Link>)] : []),
    ...(recording.source_id
      ? [fact(t('recordings.facts.source'), <Link to="/recordings/$id" params={{ id: recording.source_id }}>{t('recordings.facts.sourceOpen')}</Link>)]
      : []),
  ];
  const problem = recording.problem && problemText(recording.problem, t);
  return (
    <Card title={t('recordings.facts.title')}>
      {problem && (
        <div style={{ marginBottom: 14 }}>
          <Notice tone={recording.state === 'failed' || recording.upload === 'failed' ? 'error' : 'warn'} role="status" title={problem.message}>
            {problem.help && <p>{problem.help}</p>}
          </Notice>
        </div>
      )}
      <KeyValue facts={facts} />
      <Upload recording={recording} />
    </Card>
  );
}

function Upload({ recording }: { recording: Recording }) {
  const { t } = useTranslation();
  const live = useUploadOf(recording.id);
  const targets = useQuery(storageTargetsQuery).data?.targets;
  const { upload, target_id, uploaded_bytes, upload_bytes } = recording;
  if (upload === 'none' || upload === 'verified') return null;
  const target = targets?.find(({ id }) => id === target_id)?.label ?? t('recordings.place.bucket');
  const { tone, word } = shownState({ ...recording, state: 'ready', mp4: 'off' }, 0, t);
  return (
    <ul style={{ margin: '14px 0 0', padding: 0, listStyle: 'none' }}>
      <ProgressRow
        name={target}
        label={t('recordings.facts.progress', { target })}
        tone={tone}
        word={word}
        doneBytes={live?.done_bytes ?? uploaded_bytes}
        totalBytes={live?.total_bytes ?? upload_bytes}
        speedBps={live?.speed_bps ?? null}
        leftS={live?.left_s ?? null}
      />
    </ul>
  );
}
