import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { Notice } from '../../../components/notice';
import { formatMs } from '../../../lib/format';
import { problemText } from '../../../lib/problem-text';
import type { StorageTest, StorageTestStep } from '../../../lib/recording-types';
import classes from './test-steps.module.css';

/** How a test of a target went: each step, and what to do about the one that failed. */
export function TestSteps({ test }: { test: StorageTest }) {
  const { t } = useTranslation();
  const failed = test.steps.filter(({ ok }) => !ok).length;
  return (
    <Notice
      tone={test.ok ? (failed > 0 ? 'warn' : 'ok') : 'error'}
      role={test.ok ? 'status' : 'alert'}
      title={t(test.ok ? (failed > 0 ? 'storage.test.mostly' : 'storage.test.ok') : 'storage.test.failed')}
    >
      <ol className={classes.steps} aria-label={t('storage.test.steps')}>
        {test.steps.map((step) => (
          <Step key={step.name} step={step} />
        ))}
      </ol>
    </Notice>
  );
}

function Step({ step }: { step: StorageTestStep }) {
  const { t } = useTranslation();
  const name = t(`storage.test.names.${step.name}` as 'storage.test.names.put', { defaultValue: step.name });
  const text = step.ok ? null : problemText(step, t);
  return (
    <li className={classes.step} data-ok={step.ok || undefined}>
      <span className={classes.mark}>
        <Icon name={step.ok ? 'check' : 'error'} size={15} />
      </span>
      <div>
        <span className={classes.name}>{name}</span>
        <span className={classes.took}>{formatMs(step.took_ms)}</span>
        {text && (
          <>
            <p className={classes.message}>{text.message}</p>
            {text.help && <p>{text.help}</p>}
            {text.message !== step.message && step.message && <p className={classes.said}>{step.message}</p>}
          </>
        )}
      </div>
    </li>
  );
}
