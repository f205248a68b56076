import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { Card } from '../../components/card';
import { PageHead } from '../../components/page-head';
import { DemoSwitch } from '../../features/ingest/components/demo-switch';
import { IngestCard } from '../../features/ingest/components/ingest-card';
import { LiveStreams } from '../../features/live/components/live-streams';
import type { Stream } from '../../lib/api-types';
import { formatMbps } from '../../lib/format';
import { useLive } from '../../lib/use-live';
import { useTitle } from '../use-title';
import classes from './streams-page.module.css';

/** Who is live, and how to become so. */
export function StreamsPage() {
  const { t } = useTranslation();
  const { streams } = useLive();
  const empty = streams?.length === 0;
  useTitle(t('nav.streams'));
  return (
    <>
      <PageHead title={t('nav.streams')} state={summary(streams, t)} />
      <div className={classes.columns}>
        <LiveStreams emptyHelp={<DemoSwitch />} />
        <div className={classes.side}>
          <IngestCard />
          {!empty && (
            <Card label={t('demo.label')}>
              <DemoSwitch />
            </Card>
          )}
        </div>
      </div>
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
