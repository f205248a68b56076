import { Skeleton, Stack } from '@mantine/core';
import { useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { useSummary } from '../../../features/dashboard/api/use-summary';
import { Graphs } from '../../../features/monitoring/components/graphs';
import { PrometheusCard } from '../../../features/monitoring/components/prometheus-card';
import { TrafficCard } from '../../../features/monitoring/components/traffic-card';
import { useTitle } from '../../use-title';
import classes from './monitoring-page.module.css';
import { SystemTabs } from './system-tabs';

/** How busy is the machine, and how busy was it? */
export function MonitoringPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.monitoring'));
  const { summary } = useSummary();
  const { hash } = useLocation();
  const traffic = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (hash === 'traffic') traffic.current?.scrollIntoView({ block: 'start' });
  }, [hash]);
  return (
    <>
      <PageHead title={t('nav.system')} state={t('monitor.intro')} />
      <SystemTabs />
      <Stack gap={12}>
        <Graphs />
        <div className={classes.columns}>
          <div ref={traffic} id="traffic">
            <TrafficCard />
          </div>
          {summary ? (
            <PrometheusCard state={summary.prometheus} />
          ) : (
            <Skeleton h={160} radius={10} />
          )}
        </div>
      </Stack>
    </>
  );
}
