import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { formatPercent } from '../transcode-state';
import type { Estimate } from '../use-estimate';
import classes from './cpu-estimate.module.css';

/** What a ladder takes of the processor beside what is free. */
export function CpuEstimate({ estimate: { data, error, fresh } }: { estimate: Estimate }) {
  const { t } = useTranslation();
  if (error) return <HelpfulError error={error} />;
  if (!data) return <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('transcode.estimate.wait')}</p>;
  const { percent, free_percent, ok } = data;
  const words = { percent: formatPercent(percent), free: formatPercent(free_percent) };
  const share = (of: number) => `${Math.min(100, Math.max(0, of))}%`;
  return (
    <section className={classes.estimate} data-tone={ok ? 'ok' : 'error'} data-pending={!fresh || undefined} aria-label={t('transcode.estimate.title')}>
      <p className={classes.text} role="status">
        <span className={classes.mark}>
          <Icon name={ok ? 'check' : 'error'} />
        </span>
        <span>
          {t(ok ? 'transcode.estimate.fits' : 'transcode.estimate.tooMuch', words)} {!ok && t('transcode.refusedHelp')}
        </span>
      </p>
      <div
        className={classes.bar}
        role="meter"
        aria-label={t('transcode.estimate.bar')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(Math.min(100, percent))}
      >
        <div className={classes.taken} style={{ width: share(percent) }} />
        <div className={classes.free} style={{ width: share(free_percent) }} />
      </div>
    </section>
  );
}
