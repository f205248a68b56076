import { useTranslation } from 'react-i18next';
import { TestSteps } from '../../../components/test-steps';
import type { StorageTest } from '../../../lib/recording-types';

// Without CORS recordings are stored all the same, but not played straight from the bucket.
const TONES = { ok: 'ok', mostly: 'warn', failed: 'error' } as const;

/** How a test of a target went. */
export function TestResult({ test }: { test: StorageTest }) {
  const { t } = useTranslation();
  const failed = test.steps.filter(({ ok }) => ok === false);
  const outcome = test.ok ? 'ok' : failed.every(({ name }) => name === 'cors') ? 'mostly' : 'failed';
  return (
    <TestSteps
      tone={TONES[outcome]}
      title={t(`storage.test.${outcome}`)}
      label={t('storage.test.steps')}
      steps={test.steps.map(({ name, ok, took_ms, ...problem }) => ({
        name: t(`storage.test.names.${name}` as 'storage.test.names.put', { defaultValue: name }),
        ok,
        tookMs: took_ms,
        problem,
      }))}
    />
  );
}
