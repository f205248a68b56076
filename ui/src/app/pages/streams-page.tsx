import { Button, Skeleton } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../components/card';
import { Icon } from '../../components/icons';
import { PageHead } from '../../components/page-head';
import { DemoSwitch } from '../../features/ingest/components/demo-switch';
import { IngestCard } from '../../features/ingest/components/ingest-card';
import { LiveStreams } from '../../features/live/components/live-streams';
import type { Stream } from '../../lib/api-types';
import { formatMbps } from '../../lib/format';
import { withWords } from '../../lib/i18n';
import { useLive } from '../../lib/use-live';
import { useTitle } from '../use-title';
import classes from './streams-page.module.css';
import { StreamsTabs } from './streams-tabs';

// Below what is live, so its code and words need not come before the first screen.
const StreamList = lazy(() =>
  withWords('streams', () => import('../../features/streams/components/stream-list')).then((module) => ({ default: module.StreamList })),
);
const AddStreamModal = lazy(() =>
  withWords('streams', () => import('../../features/streams/components/add-stream-modal')).then((module) => ({ default: module.AddStreamModal })),
);

/** Who is live, who may become so, and how. */
export function StreamsPage() {
  const { t } = useTranslation();
  const { streams } = useLive();
  const [adding, setAdding] = useState(false);
  const navigate = useNavigate();
  const empty = streams?.length === 0;
  useTitle(t('nav.streams'));
  return (
    <>
      <PageHead
        title={t('nav.streams')}
        state={summary(streams, t)}
        actions={
          <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
            {t('streams.open.add')}
          </Button>
        }
      />
      <StreamsTabs />
      <div className={classes.columns}>
        <div className={classes.main}>
          <LiveStreams emptyHelp={<DemoSwitch />} />
          <Suspense fallback={<Skeleton h={160} radius={10} />}>
            <StreamList />
          </Suspense>
        </div>
        <div className={classes.side}>
          <IngestCard />
          {!empty && (
            <Card label={t('demo.label')}>
              <DemoSwitch />
            </Card>
          )}
        </div>
      </div>
      <Suspense>
        {adding && <AddStreamModal onClose={() => setAdding(false)} onAdded={(stream) => void navigate({ to: '/streams/$app/$stream/keys', params: stream })} />}
      </Suspense>
    </>
  );
}

function summary(streams: Stream[] | null, t: TFunction): string {
  if (streams === null) return t('live.summary.connecting');
  if (streams.length === 0) return t('live.summary.none');
  const viewers = streams.reduce((sum, stream) => sum + stream.viewers.total, 0);
  const kbps = streams.reduce((sum, stream) => sum + (stream.recv_kbps ?? 0), 0);
  return [t('live.summary.live', { count: streams.length }), t('live.summary.viewers', { count: viewers }), `${formatMbps(kbps)} Mbit/s`].join(' · ');
}
