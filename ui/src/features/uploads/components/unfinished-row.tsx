import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { IconButton } from '../../../components/icon-button';
import { ProgressRow } from '../../../components/progress-row';
import { TimeAgo } from '../../../components/time-ago';
import { useDiscard } from '../api/use-uploads';
import type { UnfinishedUpload } from '../../../lib/recording-types';

/** A file of which the server has a part: after a reload the browser must be given it again. */
export function UnfinishedRow({ one, onChoose }: { one: UnfinishedUpload; onChoose: () => void }) {
  const { t } = useTranslation();
  const discard = useDiscard();
  const name = one.filename;
  return (
    <ProgressRow
      name={name}
      label={t('uploads.progressOf', { name })}
      tone="warn"
      word={t('uploads.states.interrupted')}
      doneBytes={one.offset_bytes}
      totalBytes={one.size_bytes}
      facts={
        <span>
          {t('uploads.kept')} <TimeAgo ms={one.expires_ms} />
        </span>
      }
      actions={
        <>
          <Button size="compact-sm" variant="default" onClick={onChoose}>
            {t('uploads.chooseAgain')}
          </Button>
          <IconButton icon="trash" name={t('uploads.discard', { name })} onClick={() => discard.mutate(one.id)} />
        </>
      }
    >
      {t('uploads.interruptedText')}
      {discard.error && <HelpfulError error={discard.error} />}
    </ProgressRow>
  );
}
