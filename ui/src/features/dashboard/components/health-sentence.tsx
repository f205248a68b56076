import { Skeleton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Icon, type IconName } from '../../../components/icons';
import { alertPlace } from '../../../lib/alert-place';
import { formatSeconds } from '../../../lib/format';
import { STALE_AFTER_MS } from '../../../lib/freshness';
import type { Dashboard } from '../../../lib/monitor-types';
import { useServerNow } from '../../../lib/use-server-now';
import { isWrong, partText } from '../part-text';
import classes from './health-sentence.module.css';

const ICONS: Record<Dashboard['sentence']['level'], IconName> = { ok: 'check', warn: 'warn', bad: 'error' };

/** Is everything all right? One sentence; what is wrong leads to where it is put right. Old news has no colour. */
export function HealthSentence({ summary }: { summary: Dashboard | undefined }) {
  const { t } = useTranslation();
  const now = useServerNow();
  if (!summary) {
    return (
      <header className={classes.health} aria-busy="true" aria-label={t('common.loading')}>
        <Skeleton h={44} w={44} circle />
        <div className={classes.words}>
          <Skeleton h={24} w="40%" />
          <Skeleton h={16} w="70%" mt={8} />
        </div>
      </header>
    );
  }
  const { level, parts } = summary.sentence;
  const age = now - summary.at_ms;
  const stale = age > STALE_AFTER_MS;
  return (
    <header className={classes.health} data-level={level} data-stale={stale || undefined}>
      <span className={classes.icon}>
        <Icon name={stale ? 'info' : ICONS[level]} size={26} />
      </span>
      <div className={classes.words}>
        <div role="status">
          <h1 className={classes.title}>{stale ? t('home.stale') : t(`home.level.${level}`)}</h1>
        </div>
        <p className={classes.parts}>
          {stale && <span>{t('home.lastSeen', { time: formatSeconds(age / 1000) })}</span>}
          {parts
            .filter(({ key }) => key !== 'all_well')
            .map((part) => {
              const place = alertPlace(part.key);
              const text = partText(part, t);
              return (
                <span key={`${part.key} ${text}`} className={isWrong(part, t) ? classes.wrong : undefined}>
                  {place ? (
                    <Link to={place} className={classes.part}>
                      {text}
                    </Link>
                  ) : (
                    text
                  )}
                </span>
              );
            })}
          {summary.viewers > 0 && <span>{t('home.viewers', { count: summary.viewers })}</span>}
        </p>
      </div>
    </header>
  );
}
