import { useTranslation } from 'react-i18next';
import type { Output } from '../../../lib/ffmpeg-types';
import { formatMbps, formatSeconds } from '../../../lib/format';
import { acceptedAgeMs } from '../../../lib/freshness';
import classes from './output-card.module.css';

/** Figures of an output that has a connection. */
export function OutputFacts({ output, serverNow, stale }: { output: Output; serverNow: number; stale: boolean }) {
  const { t } = useTranslation();
  const age = acceptedAgeMs(output, serverNow);
  if (output.state !== 'live' && output.state !== 'stalled') return null;
  const facts = [
    { name: t('outputs.facts.bitrate'), value: formatMbps(output.bitrate_kbps), unit: 'Mbit/s' },
    { name: t('outputs.facts.accepted'), value: age === null ? '–' : t('outputs.facts.ago', { time: formatSeconds(age / 1000) }), title: t('outputs.facts.acceptedHint') },
    { name: t('outputs.facts.drops'), value: output.drops, title: t('outputs.facts.dropsHint') },
    { name: t('outputs.facts.restarts'), value: output.restarts, title: t('outputs.facts.restartsHint') },
  ];
  return (
    <dl className={classes.facts} data-stale={stale || undefined}>
      {facts.map(({ name, value, unit, title }) => (
        <div key={name} title={title}>
          <dt>{name}</dt>
          <dd>
            {value}
            {unit && <small>{unit}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
