import { Button, Group } from '@mantine/core';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { PageHead } from '../../../components/page-head';
import { StreamMenu } from '../../../features/streams/components/stream-menu';
import type { StreamRow } from '../../../features/streams/stream-rows';
import { useStreamRow } from '../../../features/streams/use-stream-row';
import { formatClock } from '../../../lib/format';
import { streamUrls } from '../../../lib/stream-urls';
import { useServerNow } from '../../../lib/use-server-now';
import { useTitle } from '../../use-title';
import tabs from '../page-tabs.module.css';
import classes from './stream-page.module.css';
import { useStreamParams } from './use-stream-params';

const TABS = [
  { to: '/streams/$app/$stream', name: 'page.live' },
  { to: '/streams/$app/$stream/keys', name: 'page.keys' },
  { to: '/streams/$app/$stream/viewers', name: 'page.viewers' },
  { to: '/streams/$app/$stream/statistics', name: 'nav.statistics' },
  { to: '/streams/$app/$stream/access', name: 'page.access' },
  { to: '/streams/$app/$stream/recording', name: 'page.recording' },
  { to: '/streams/$app/$stream/share', name: 'page.share' },
] as const;

/** One stream: its head, and below it the part that the address names. */
export function StreamPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const of = useStreamParams();
  const { row, error, retry } = useStreamRow(of);
  const now = useServerNow();
  const title = row.known?.title || of.stream;
  useTitle(title);
  return (
    <>
      <Link to="/streams" activeOptions={{ exact: true }} className={classes.back}>
        <Icon name="back" size={15} />
        {t('nav.streams')}
      </Link>
      <PageHead
        title={title}
        state={stateOf(row, now, t)}
        actions={
          <Group gap={8}>
            <Button
              component="a"
              href={streamUrls(of.app, of.stream).watch}
              target="_blank"
              rel="noopener"
              variant="default"
              leftSection={<Icon name="open" size={16} />}
            >
              {t('live.watch')}
            </Button>
            <StreamMenu row={row} onRemoved={() => void navigate({ to: '/streams' })} />
          </Group>
        }
      />
      <nav className={tabs.tabs} aria-label={t('page.tabs')}>
        {TABS.map((tab) => (
          <Link key={tab.to} to={tab.to} params={of} activeOptions={{ exact: true }} className={tabs.tab}>
            {t(tab.name)}
          </Link>
        ))}
      </nav>
      {error != null && <HelpfulError error={error} onRetry={retry} />}
      <Outlet />
    </>
  );
}

function stateOf({ url, live, known }: StreamRow, now: number, t: TFunction): string {
  if (!live) return `${url} · ${t(known?.enabled === false ? 'streams.state.disabled' : 'page.notLive')}`;
  return [url, t('page.liveFor', { time: formatClock((now - live.since_ms) / 1000) }), t('live.summary.viewers', { count: live.viewers.total })].join(' · ');
}
