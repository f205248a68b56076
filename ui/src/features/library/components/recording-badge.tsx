import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { StateBadge } from '../../../components/state-badge';
import type { Recording } from '../../../lib/recording-types';
import { useServerNow } from '../../../lib/use-server-now';
import { useRetry } from '../api/use-library';
import { nameOf, shownState } from '../recording-state';
import classes from './recording-badge.module.css';

/** How a recording is, and the way to try again what failed. */
export function RecordingBadge({ recording }: { recording: Recording }) {
  const { t } = useTranslation();
  const now = useServerNow();
  const retry = useRetry(recording.id);
  const { tone, word, reason, retry: what } = shownState(recording, now, t);
  return (
    <span className={classes.state} data-live={recording.state === 'recording' || undefined}>
      <StateBadge tone={tone} word={word} reason={reason} />
      {what && (
        <Button
          size="compact-xs"
          variant="default"
          loading={retry.isPending}
          aria-label={t('recordings.retryOf', { name: nameOf(recording) })}
          onClick={() => retry.mutate(what)}
        >
          {t('recordings.retry')}
        </Button>
      )}
    </span>
  );
}
