import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { Notice } from '../../../components/notice';
import { formatMs } from '../../../lib/format';
import { problemText } from '../../../lib/problem-text';
import type { StorageTest, StorageTestStep } from '../../../lib/recording-types';
import classes from './test-steps.module.css';

// Without CORS recordings are stored all the same, but not played straight from the bucket.
const TONES = { ok: 'ok', mostly: 'warn', failed: 'error' } as const;

/** How a test of a target went: each step, and what to do about the one that failed. */
export function TestSteps({ test }: { test: StorageTest }) {
  const { t } = useTranslation();
  const failed = test.steps.filter(({ ok }) => ok === false);
  const outcome = test.ok ? 'ok' : failed.every(({ name }) => name === 'cors') ? 'mostly' : 'failed';
  return (
    <Notice tone={TONES[outcome]} role={test.ok ? 'status' : 'alert'} title={t(`storage.test.${outcome}`)}>
      <ol className={classes.steps} aria-label={t('storage.test.steps')}>
        {test.steps.map((step) => (
          <Step key={step.name} step={step} />
        ))}
      </ol>
    </Notice>
  );
}

const STATES = { true: 'ok', false: 'failed', null: 'untried' } as const;

function Step({ step }: { step: StorageTestStep }) {
  const { t } = useTranslation();
  const state = STATES[`${step.ok}`];
  return (
    <li className={classes.step} data-state={state}>
      <span className={classes.mark}>
        <Icon name={step.ok === null ? 'more' : step.ok ? 'check' : 'error'} size={15} />
      </span>
      <div>
        <span>{t(`storage.test.names.${step.name}` as 'storage.test.names.put', { defaultValue: step.name })}</span>
        <span className={classes.took}>{step.ok === null ? t('storage.test.notTried') : formatMs(step.took_ms)}</span>
        {step.ok === false && <Why step={step} />}
      </div>
    </li>
  );
}

function Why({ step }: { step: StorageTestStep }) {
  const { t } = useTranslation();
  const { message, help } = problemText(step, t);
  // What is special about this case stands in brackets behind the words for all of them.
  const detail = message === step.message ? undefined : /\((.+)\)$/s.exec(step.message)?.[1];
  return (
    <>
      <p className={classes.message}>{message}</p>
      {help && <p>{help}</p>}
      {detail && <p className={classes.said}>{detail}</p>}
    </>
  );
}
