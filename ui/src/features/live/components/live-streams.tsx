import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { useLive } from '../../../lib/use-live';
import classes from './live-streams.module.css';
import { PictureSkeleton } from './picture-skeleton';
import { StreamCard } from './stream-card';

/** More than so many moving pictures are too much for many machines and lines. */
const MOST_PLAYING = 4;

/** Everything that is on air. `emptyHelp` is shown below the empty state's text. */
export function LiveStreams({ emptyHelp }: { emptyHelp: ReactNode }) {
  const { t } = useTranslation();
  const { streams, clockOffsetMs } = useLive();
  if (streams === null) return <PictureSkeleton />;
  if (streams.length === 0) {
    return (
      <Card label={t('live.empty.title')}>
        <EmptyState icon="streams" title={t('live.empty.title')} text={t('live.empty.text')}>
          {emptyHelp}
        </EmptyState>
      </Card>
    );
  }
  const inOrder = streams.toSorted((a, b) => a.since_ms - b.since_ms);
  return (
    <div className={classes.list} data-many={streams.length > 1 || undefined}>
      {inOrder.map((stream) => (
        <StreamCard key={stream.client_id} stream={stream} clockOffsetMs={clockOffsetMs} still={streams.length > MOST_PLAYING} />
      ))}
    </div>
  );
}
