import { useTranslation } from 'react-i18next';
import { formatMs } from '../lib/format';
import { problemText } from '../lib/problem-text';
import { Icon } from './icons';
import { Notice } from './notice';
import type { Tone } from './state-badge';
import classes from './test-steps.module.css';

export interface TriedStep {
  name: string;
  /** Null: not tried. */
  ok: boolean | null;
  tookMs: number;
  problem: { key: string; message: string; help?: string } | null;
}

interface TestStepsProps {
  tone: Tone;
  title: string;
  /** Names the list for screen readers. */
  label: string;
  steps: TriedStep[];
}

/** How a test went: each step, and what to do about the one that failed. */
export function TestSteps({ tone, title, label, steps }: TestStepsProps) {
  return (
    <Notice tone={tone} role={tone === 'ok' ? 'status' : 'alert'} title={title}>
      <ol className={classes.steps} aria-label={label}>
        {steps.map((step) => (
          <Step key={step.name} step={step} />
        ))}
      </ol>
    </Notice>
  );
}

const STATES = { true: 'ok', false: 'failed', null: 'untried' } as const;

function Step({ step: { name, ok, tookMs, problem } }: { step: TriedStep }) {
  const { t } = useTranslation();
  return (
    <li className={classes.step} data-state={STATES[`${ok}`]}>
      <span className={classes.mark}>
        <Icon name={ok === null ? 'more' : ok ? 'check' : 'error'} size={15} />
      </span>
      <div>
        <span>{name}</span>
        <span className={classes.took}>{ok === null ? t('common.notTried') : formatMs(tookMs)}</span>
        {ok === false && problem && <Why problem={problem} />}
      </div>
    </li>
  );
}

function Why({ problem }: { problem: NonNullable<TriedStep['problem']> }) {
  const { t } = useTranslation();
  const { message, help } = problemText(problem, t);
  // What is special about this case stands in brackets behind the words for all of them.
  const detail = message === problem.message ? undefined : /\((.+)\)$/s.exec(problem.message)?.[1];
  return (
    <>
      <p className={classes.message}>{message}</p>
      {help && <p>{help}</p>}
      {detail && <p className={classes.said}>{detail}</p>}
    </>
  );
}
