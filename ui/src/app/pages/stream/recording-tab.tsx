import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { StreamChoiceCard } from '../../../features/record-rules/components/stream-choice-card';
import { StreamRecordingCard } from '../../../features/record-rules/components/stream-recording-card';
import { useStreamRow } from '../../../features/streams/use-stream-row';
import classes from './stream-page.module.css';
import { useStreamParams } from './use-stream-params';

/** Whether the stream is recorded, and where to. */
export function RecordingTab() {
  const { t } = useTranslation();
  const of = useStreamParams();
  const { row } = useStreamRow(of);
  return (
    <div className={classes.columns}>
      <StreamRecordingCard of={of} live={row.live !== null}>
        <Link to="/recordings" search={{ stream: row.url }}>
          {t('recordTab.all')}
        </Link>
      </StreamRecordingCard>
      <StreamChoiceCard of={of} />
    </div>
  );
}
