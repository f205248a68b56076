import { Stack } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { useAlerts } from '../../../features/alerts/api/use-alerts';
import { HistoryCard } from '../../../features/alerts/components/history-card';
import { NowCard } from '../../../features/alerts/components/now-card';
import { RulesCard } from '../../../features/alerts/components/rules-card';
import { NotifyCard } from '../../../features/notify/components/notify-card';
import type { Alert } from '../../../lib/monitor-types';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** What is wrong, and who is told? */
export function AlertsPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.alerts'));
  const { alerts } = useAlerts();
  return (
    <>
      <PageHead title={t('nav.system')} state={alerts ? summary(alerts, t) : t('alerts.intro')} />
      <SystemTabs />
      <Stack gap={12}>
        <NowCard />
        <NotifyCard />
        <RulesCard />
        <HistoryCard />
      </Stack>
    </>
  );
}

function summary(alerts: Alert[], t: TFunction): string {
  const firing = alerts.filter(({ state }) => state === 'firing');
  if (firing.length === 0) return t('alerts.none');
  const count = (level: Alert['level']) => firing.filter((alert) => alert.level === level).length;
  const parts = (['critical', 'warning', 'info'] as const).filter((level) => count(level) > 0).map((level) => t(`alerts.counts.${level}`, { count: count(level) }));
  return parts.join(' · ');
}
