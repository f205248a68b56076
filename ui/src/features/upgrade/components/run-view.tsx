import { Loader, Progress, Stack } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { JobSteps } from '../../../components/job-steps';
import { Notice } from '../../../components/notice';
import { TimeAgo } from '../../../components/time-ago';
import type { UpgradeRun } from '../../../lib/house-types';
import { problemText } from '../../../lib/problem-text';

const TONES = { done: 'ok', rolled_back: 'warn', failed: 'error' } as const;

/** An upgrade as it goes, or how it went: each step, and why it ended as it did. */
export function RunView({ run, away = false }: { run: UpgradeRun; away?: boolean }) {
  const { t } = useTranslation();
  const { result, percent, error } = run;
  const title = runTitle(run, t);
  const fault = error ? problemText(error, t) : null;
  return (
    <Stack gap="sm">
      {result === '' ? (
        <div>
          <p style={{ margin: '0 0 8px', fontWeight: 600 }} role="status">
            {title}
          </p>
          <Progress.Root size={8}>
            <Progress.Section value={percent} aria-label={title} />
          </Progress.Root>
          <p style={{ margin: '6px 0 0', color: 'var(--ss-dim)' }}>
            {away ? (
              <>
                <Loader size={12} mr={8} />
                {t('upgrade.run.away')}
              </>
            ) : (
              t('upgrade.run.stay')
            )}
          </p>
        </div>
      ) : (
        <Notice tone={TONES[result as keyof typeof TONES] ?? 'idle'} title={title}>
          {run.ended_ms !== null && (
            <p>
              <TimeAgo ms={run.ended_ms} /> · {t(`upgrade.by.${run.by}` as 'upgrade.by.page', { defaultValue: run.by })}
            </p>
          )}
          {fault && (
            <>
              <p>{fault.message}</p>
              <p>{fault.help}</p>
            </>
          )}
          {result === 'rolled_back' && <p>{t('upgrade.run.rolledBackText', { version: run.from })}</p>}
        </Notice>
      )}
      <details open={result !== 'done'}>
        <summary style={{ marginBottom: 8 }}>{t('upgrade.run.steps')}</summary>
        <JobSteps
          label={title}
          steps={run.steps.map(({ name, state, message }) => ({ id: name, state, message, name: t(`upgrade.step.${name}` as 'upgrade.step.check', { defaultValue: name }) }))}
        />
      </details>
    </Stack>
  );
}

function runTitle({ kind, to, from, result, dry_run }: UpgradeRun, t: TFunction): string {
  const words = { from, to: to || '…' };
  if (dry_run) return t(`upgrade.run.dry.${result || 'running'}` as 'upgrade.run.dry.running', words);
  const what = kind === 'rollback' ? 'rollback' : 'upgrade';
  return t(`upgrade.run.${what}.${result || 'running'}` as 'upgrade.run.upgrade.running', words);
}
