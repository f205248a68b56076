import type { Viewers } from '../../../lib/api-types';
import { protocolName } from '../protocol-name';
import { useTranslation } from 'react-i18next';
import classes from './viewers.module.css';

const WAYS = ['hls', 'flv', 'webrtc', 'rtmp', 'srt'] as const satisfies readonly (keyof Viewers)[];

/** How many watch, in total and by each way that somebody uses. */
export function ProtocolCounts({ viewers }: { viewers: Viewers }) {
  const { t } = useTranslation();
  return (
    <span className={classes.counts} data-testid="viewer-counts">
      <b>{t('viewers.total', { count: viewers.total })}</b>
      {WAYS.filter((way) => viewers[way] > 0).map((way) => (
        <span key={way}>
          {protocolName(way)} {viewers[way]}
        </span>
      ))}
    </span>
  );
}
