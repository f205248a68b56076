import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { IconButton } from '../../../components/icon-button';
import { ProgressRow } from '../../../components/progress-row';
import type { Tone } from '../../../components/state-badge';
import type { OwnUpload, OwnUploadState, UploadQueue } from '../upload-queue';

const TONES: Record<OwnUploadState, Tone> = { waiting: 'idle', uploading: 'ok', retrying: 'warn', paused: 'idle', done: 'ok', failed: 'error' };

interface UploadRowProps {
  upload: OwnUpload;
  queue: UploadQueue;
  /** Puts a file that has arrived to its use; without it that happens by itself at the server. */
  onTake?: (() => void) | undefined;
}

/** One file on its way from this browser. */
export function UploadRow({ upload, queue, onTake }: UploadRowProps) {
  const { t } = useTranslation();
  const { key, name, size, sent, state, speedBps } = upload;
  const over = state === 'done' || state === 'failed';
  return (
    <ProgressRow
      name={name}
      label={t('uploads.progressOf', { name })}
      tone={TONES[state]}
      word={t(`uploads.states.${state}`)}
      doneBytes={sent}
      totalBytes={size}
      speedBps={speedBps}
      leftS={state === 'uploading' && speedBps ? (size - sent) / speedBps : null}
      actions={
        <>
          {state === 'done' && onTake && (
            <Button size="compact-sm" variant="default" onClick={onTake}>
              {t('uploads.take')}
            </Button>
          )}
          {(state === 'uploading' || state === 'waiting' || state === 'retrying') && (
            <IconButton icon="pause" name={t('uploads.pause', { name })} onClick={() => queue.pause(key)} />
          )}
          {state === 'paused' && <IconButton icon="play" name={t('uploads.resume', { name })} onClick={() => queue.resume(key)} />}
          {state === 'failed' && size > 0 && <IconButton icon="rotate" name={t('uploads.again', { name })} onClick={() => queue.resume(key)} />}
          {over ? (
            <IconButton icon="close" name={t('uploads.forget', { name })} onClick={() => queue.forget(key)} />
          ) : (
            <IconButton icon="close" name={t('uploads.cancel', { name })} onClick={() => void queue.cancel(key).catch(() => undefined)} />
          )}
        </>
      }
    >
      {state === 'done' && !onTake && t('uploads.doneText')}
      {state === 'retrying' && t('uploads.retryingText')}
      {state === 'failed' && <HelpfulError error={upload.error} plain />}
    </ProgressRow>
  );
}
