import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { HelpfulError } from '../../../components/helpful-error';
import { LevelMark } from '../../../components/level-mark';
import { Loaded } from '../../../components/loaded';
import { StateBadge } from '../../../components/state-badge';
import { TimeAgo } from '../../../components/time-ago';
import { alertPlace } from '../../../lib/alert-place';
import { alertWords } from '../../../lib/alert-words';
import type { Alert } from '../../../lib/monitor-types';
import { useAcknowledge, useAlerts } from '../api/use-alerts';
import classes from './now-card.module.css';

/** What is wrong now and what to do about it; the worst first. */
export function NowCard() {
  const { t } = useTranslation();
  const { query, alerts } = useAlerts();
  return (
    <Card title={t('alerts.now')}>
      <Loaded query={query} rows={2}>
        {(data) => {
          const shown = (alerts ?? data.alerts).toSorted((a, b) => Number(a.state === 'pending') - Number(b.state === 'pending'));
          if (shown.length === 0) return <EmptyState icon="check" title={t('alerts.none')} text={t('alerts.noneText')} />;
          return (
            <ul className={classes.list}>
              {shown.map((alert) => (
                <AlertRow key={alert.id} alert={alert} />
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Card>
  );
}

function AlertRow({ alert }: { alert: Alert }) {
  const { t } = useTranslation();
  const acknowledge = useAcknowledge();
  const { text, help } = alertWords(alert, t);
  const place = alertPlace(alert.rule);
  const pending = alert.state === 'pending';
  return (
    <li className={classes.row} data-quiet={pending || alert.acknowledged || undefined}>
      <LevelMark level={alert.level} />
      <div className={classes.words}>
        <p className={classes.text}>{text}</p>
        <p className={classes.help}>{help}</p>
        <p className={classes.facts}>
          {t('alerts.since')} <TimeAgo ms={alert.since_ms} />
          {pending && <StateBadge tone="idle" word={t('alerts.pending')} reason={t('alerts.pendingWhy')} />}
          {alert.acknowledged && <StateBadge tone="idle" word={t('alerts.acknowledged')} reason={t('alerts.acknowledgedWhy')} />}
        </p>
      </div>
      <div className={classes.actions}>
        {place && (
          <Button renderRoot={(props) => <Link {...props} to={place} />} size="compact-md" variant="default" aria-label={`${t('alerts.look')}: ${text}`}>
            {t('alerts.look')}
          </Button>
        )}
        {!pending && !alert.acknowledged && (
          <Button size="compact-md" variant="default" loading={acknowledge.isPending} aria-label={`${t('alerts.acknowledge')}: ${text}`} onClick={() => acknowledge.mutate(alert.id)}>
            {t('alerts.acknowledge')}
          </Button>
        )}
      </div>
      {acknowledge.error && (
        <div className={classes.error}>
          <HelpfulError error={acknowledge.error} />
        </div>
      )}
    </li>
  );
}
