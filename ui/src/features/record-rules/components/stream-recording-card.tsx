import { Button, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { KeyValue } from '../../../components/key-value';
import { Loaded } from '../../../components/loaded';
import { Notice } from '../../../components/notice';
import { StateBadge } from '../../../components/state-badge';
import { formatBytes, formatClock } from '../../../lib/format';
import { problemText } from '../../../lib/problem-text';
import type { StreamRef } from '../../../lib/queries';
import type { Recording, StreamRecording } from '../../../lib/recording-types';
import { useRecordingsFeed } from '../../../lib/recordings-feed';
import { recordingQuery, streamRecordingQuery, useRecordByHand } from '../api/use-record-rules';
import { STATE_TONES, streamState } from '../stream-state';
import classes from './stream-recording-card.module.css';

interface StreamRecordingCardProps {
  of: StreamRef;
  live: boolean;
  /** A way to what was recorded. */
  children: ReactNode;
}

/** Is the stream recorded now, why, and the switch for it. */
export function StreamRecordingCard({ of, live, children }: StreamRecordingCardProps) {
  const { t } = useTranslation();
  const query = useQuery(streamRecordingQuery(of));
  return (
    <Card title={t('recordTab.now')}>
      <Loaded query={query} rows={3}>
        {(now) => <Now of={of} now={now} live={live} />}
      </Loaded>
      <p className={classes.more}>{children}</p>
    </Card>
  );
}

function Now({ of, now, live }: { of: StreamRef; now: StreamRecording; live: boolean }) {
  const { t } = useTranslation();
  const byHand = useRecordByHand(of);
  const current = useCurrent(now.recording_id);
  const state = streamState(now, live, current);
  const runs = state === 'recording' || state === 'starting';
  return (
    <Stack gap="sm">
      <div className={classes.head}>
        <div>
          <StateBadge tone={STATE_TONES[state]} word={t(`recordTab.states.${state}`)} />
          <p className={classes.why}>{t(now.wanted ? `recordTab.why.${wanting(now)}` : `recordTab.whyNot.${refusing(now)}`)}</p>
        </div>
        <Button
          variant={runs ? 'default' : 'filled'}
          leftSection={<Icon name={runs ? 'off' : 'record'} size={16} />}
          disabled={!live}
          loading={byHand.isPending}
          onClick={() => byHand.mutate(runs ? 'stop' : 'start')}
        >
          {t(runs ? 'recordTab.stop' : 'recordTab.start')}
        </Button>
      </div>
      {!live && <p className={classes.hint}>{t('recordTab.notLive')}</p>}
      {current && (state === 'recording' || state === 'ending') && <Facts recording={current} />}
      {current?.problem && (
        <Notice tone="warn" title={problemText(current.problem, t).message}>
          <p>{problemText(current.problem, t).help}</p>
        </Notice>
      )}
      {byHand.error && <HelpfulError error={byHand.error} />}
    </Stack>
  );
}

function Facts({ recording: { duration_ms, size_bytes, segments, holes } }: { recording: Recording }) {
  const { t } = useTranslation();
  const lostMs = holes.filter(({ reason }) => reason === 'lost').reduce((sum, { missing_ms }) => sum + missing_ms, 0);
  return (
    <KeyValue
      facts={[
        { name: t('recordTab.length'), value: formatClock(duration_ms / 1000) },
        { name: t('recordTab.size'), value: formatBytes(size_bytes) },
        { name: t('recordTab.segments'), value: segments },
        { name: t('recordTab.lost'), value: lostMs > 0 ? formatClock(lostMs / 1000) : t('recordTab.nothingLost') },
      ]}
    />
  );
}

/** The recording that runs: as the live connection tells it, until then as asked for. */
function useCurrent(id: string | null): Recording | null {
  const live = useRecordingsFeed().recordings;
  const asked = useQuery({ ...recordingQuery(id ?? ''), enabled: id !== null });
  return id === null ? null : (live.get(id) ?? asked.data ?? null);
}

function wanting({ why }: StreamRecording) {
  return why === 'off' || why === 'disk' ? 'all' : why;
}

function refusing({ why }: StreamRecording) {
  return why === 'stream' || why === 'manual' || why === 'schedule' || why === 'disk' ? why : 'off';
}
