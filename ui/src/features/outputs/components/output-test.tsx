import { Progress } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { TestSteps } from '../../../components/test-steps';
import type { OutputTest } from '../../../lib/ffmpeg-types';
import { formatBytes, formatMbps } from '../../../lib/format';
import { useNow } from '../../../lib/use-now';
import type { useTestOutput } from '../api/use-outputs';

/** How a test push goes: its time while it runs, then each of its steps. */
export function OutputTestResult({ test }: { test: ReturnType<typeof useTestOutput> }) {
  if (test.isPending) return <Running key={test.submittedAt} />;
  if (test.error) return <HelpfulError error={test.error} />;
  return test.data ? <Outcome test={test.data} /> : null;
}

// Connecting takes a moment as well.
const LASTS_MS = 12_000;

function Running() {
  const { t } = useTranslation();
  const [begun] = useState(() => Date.now());
  const part = Math.min(95, ((useNow(250) - begun) / LASTS_MS) * 100);
  return (
    <div role="status">
      <p style={{ margin: '0 0 6px', color: 'var(--ss-dim)', fontSize: 13 }}>{t('outputs.test.running')}</p>
      <Progress value={part} size="sm" transitionDuration={250} aria-label={t('outputs.test.running')} />
    </div>
  );
}

function Outcome({ test: { ok, steps, acked_bytes, kbps } }: { test: OutputTest }) {
  const { t } = useTranslation();
  return (
    <TestSteps
      tone={ok ? 'ok' : 'error'}
      title={ok ? t('outputs.test.ok', { size: formatBytes(acked_bytes), mbps: formatMbps(kbps) }) : t('outputs.test.failed')}
      label={t('outputs.test.steps')}
      steps={partOf(steps).map(({ name, ok, took_ms, problem }) => ({
        name: t(`outputs.test.names.${name}` as 'outputs.test.names.dns', { defaultValue: name }),
        ok,
        tookMs: took_ms,
        problem,
      }))}
    />
  );
}

/** Without steps that this kind of address has not: those that were left out though a later one was tried. */
function partOf(steps: OutputTest['steps']): OutputTest['steps'] {
  const last = steps.findLastIndex(({ ok }) => ok !== null);
  return steps.filter(({ ok }, at) => ok !== null || at > last);
}
