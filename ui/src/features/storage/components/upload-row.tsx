import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { IconButton } from '../../../components/icon-button';
import { ProgressRow } from '../../../components/progress-row';
import type { Tone } from '../../../components/state-badge';
import { TimeAgo } from '../../../components/time-ago';
import { problemText } from '../../../lib/problem-text';
import type { StorageUpload, UploadState } from '../../../lib/recording-types';
import { useUploadTask, type UploadTask } from '../api/use-storage';

const TONES: Record<UploadState, Tone> = { none: 'idle', waiting: 'idle', uploading: 'ok', paused: 'idle', verified: 'ok', failed: 'error' };

/** One recording on its way into a bucket. */
export function UploadRow({ upload, target }: { upload: StorageUpload; target: string }) {
  const { t } = useTranslation();
  const task = useUploadTask();
  const { recording_id: id, state, problem, next_try_ms } = upload;
  const name = upload.title || id;
  const troubled = problem !== null && (state === 'waiting' || state === 'uploading');
  const why = problem && problemText(problem, t);
  const act = (wanted: UploadTask) => () => task.mutate({ id, task: wanted });
  return (
    <ProgressRow
      name={
        <Link to="/recordings/$id" params={{ id }}>
          {name}
        </Link>
      }
      label={t('storage.uploads.progressOf', { name })}
      tone={troubled ? 'warn' : TONES[state]}
      word={t(troubled ? 'storage.uploads.states.retrying' : `storage.uploads.states.${state}`)}
      doneBytes={upload.done_bytes}
      totalBytes={upload.total_bytes}
      speedBps={state === 'uploading' ? upload.speed_bps : null}
      leftS={state === 'uploading' ? upload.left_s : null}
      facts={
        <>
          {target && <span>{t('storage.uploads.to', { target })}</span>}
          {next_try_ms !== null && state !== 'verified' && state !== 'paused' && (
            <span>
              {t('storage.uploads.nextTry')} <TimeAgo ms={next_try_ms} />
            </span>
          )}
        </>
      }
      actions={
        <>
          {(state === 'uploading' || state === 'waiting') && <IconButton icon="pause" name={t('storage.uploads.pause', { name })} onClick={act('pause')} />}
          {state === 'paused' && <IconButton icon="play" name={t('storage.uploads.resume', { name })} onClick={act('resume')} />}
          {(state === 'failed' || troubled) && <IconButton icon="rotate" name={t('storage.uploads.retry', { name })} onClick={act('retry')} />}
        </>
      }
    >
      {why && state !== 'verified' && (
        <span style={{ color: state === 'failed' ? 'var(--ss-error)' : 'var(--ss-warn)' }}>
          {why.message} {why.help}
        </span>
      )}
      {task.error && <HelpfulError error={task.error} />}
    </ProgressRow>
  );
}
