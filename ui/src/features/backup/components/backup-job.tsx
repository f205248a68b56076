import { useTranslation } from 'react-i18next';
import { Notice } from '../../../components/notice';
import { ProgressRow } from '../../../components/progress-row';
import { TimeAgo } from '../../../components/time-ago';
import type { BackupJob } from '../../../lib/house-types';
import { problemText } from '../../../lib/problem-text';
import { useServerNow } from '../../../lib/use-server-now';

const RECENT_MS = 10 * 60_000;

/** What is being done with backups, or how it went when that is not long ago or went wrong. */
export function BackupJobView({ job }: { job: BackupJob }) {
  const { t } = useTranslation();
  const now = useServerNow(10_000);
  const kind = job.kind === 'restore' ? 'restore' : 'create';
  if (job.state === 'running') {
    const step = t(`backup.step.${job.step}` as 'backup.step.pack', { defaultValue: job.step });
    return (
      <ul style={{ margin: '0 0 14px', padding: 0, listStyle: 'none' }} aria-live="polite">
        <ProgressRow name={t(`backup.job.${kind}.running`)} label={t(`backup.job.${kind}.running`)} tone="idle" word={step} doneBytes={job.done_bytes} totalBytes={job.total_bytes}>
          {kind === 'restore' && t('backup.restore.signInAfter')}
        </ProgressRow>
      </ul>
    );
  }
  if (job.state === 'done' && now - (job.ended_ms ?? 0) > RECENT_MS) return null;
  const fault = job.error ? problemText(job.error, t) : null;
  const state = job.state === 'done' || job.state === 'rolled_back' ? job.state : 'failed';
  return (
    <div style={{ marginBottom: 14 }}>
      <Notice tone={state === 'done' ? 'ok' : state === 'rolled_back' ? 'warn' : 'error'} title={t(`backup.job.${kind}.${state}`)}>
        {job.ended_ms !== null && (
          <p>
            <TimeAgo ms={job.ended_ms} />
          </p>
        )}
        {fault && (
          <>
            <p>{fault.message}</p>
            <p>{fault.help}</p>
          </>
        )}
      </Notice>
    </div>
  );
}
