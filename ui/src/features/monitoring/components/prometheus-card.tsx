import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { StateBadge } from '../../../components/state-badge';
import type { Dashboard } from '../../../lib/monitor-types';
import { useSwitchOnPrometheus } from '../api/use-monitoring';

/** Is Prometheus there, and how to have it. */
export function PrometheusCard({ state: { on, reason } }: { state: Dashboard['prometheus'] }) {
  const { t } = useTranslation();
  const switchOn = useSwitchOnPrometheus();
  return (
    <Card title="Prometheus" aside={<StateBadge tone={on ? 'ok' : 'idle'} word={t(on ? 'monitor.prometheus.on' : 'monitor.prometheus.off')} />}>
      <p style={{ margin: '0 0 12px', color: 'var(--ss-dim)' }}>{t(on ? 'monitor.prometheus.onText' : 'monitor.prometheus.offText')}</p>
      {!on && reason && <p style={{ margin: '0 0 12px' }}>{reason}</p>}
      {switchOn.error && (
        <div style={{ marginBottom: 12 }}>
          <HelpfulError error={switchOn.error} />
        </div>
      )}
      {on ? (
        <Button component="a" href="/prometheus/" target="_blank" rel="noopener" variant="default" leftSection={<Icon name="open" size={16} />}>
          {t('monitor.prometheus.open')}
        </Button>
      ) : (
        <div style={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 12 }}>
          <Button variant="default" loading={switchOn.isPending} onClick={() => switchOn.mutate()}>
            {t('monitor.prometheus.switchOn')}
          </Button>
          <Link to="/system">{t('monitor.prometheus.services')}</Link>
        </div>
      )}
    </Card>
  );
}
