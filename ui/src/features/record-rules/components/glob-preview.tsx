import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { knownStreamsQuery } from '../../../lib/queries';
import { useLive } from '../../../lib/use-live';
import { globMatches } from '../glob';
import classes from './glob-preview.module.css';

const MOST_SHOWN = 30;

/** Which of the streams that are known now the patterns mean. */
export function GlobPreview({ globs }: { globs: string[] }) {
  const { t } = useTranslation();
  const known = useQuery(knownStreamsQuery).data ?? [];
  const live = useLive().streams ?? [];
  const urls = [...new Set([...known, ...live].map(({ url }) => url))].toSorted();
  if (urls.length === 0) return <p className={classes.text}>{t('recordRules.preview.noStreams')}</p>;
  const rows = urls.map((url) => ({ url, fits: globs.some((glob) => globMatches(glob, url)) })).toSorted((a, b) => Number(b.fits) - Number(a.fits));
  const fitting = rows.filter(({ fits }) => fits).length;
  return (
    <div>
      <p className={classes.text} role="status">
        {t('recordRules.preview.matches', { count: fitting, all: urls.length })}
      </p>
      <ul className={classes.list} aria-label={t('recordRules.preview.label')}>
        {rows.slice(0, MOST_SHOWN).map(({ url, fits }) => (
          <li key={url} data-fits={fits || undefined} title={t(fits ? 'recordRules.preview.fits' : 'recordRules.preview.fitsNot')}>
            {fits && <Icon name="check" size={13} />}
            {url}
          </li>
        ))}
        {rows.length > MOST_SHOWN && <li>…</li>}
      </ul>
    </div>
  );
}
