import { Loader } from '@mantine/core';
import { Icon } from './icons';
import classes from './job-steps.module.css';

export interface LiveStep {
  id: string;
  name: string;
  /** `waiting`, `running`, `done`, `failed` or `skipped`. */
  state: string;
  message?: string;
}

/** The steps of something that is being done, as they happen. */
export function JobSteps({ label, steps }: { label: string; steps: LiveStep[] }) {
  return (
    <ol className={classes.steps} aria-label={label} aria-live="polite">
      {steps.map(({ id, name, state, message }) => (
        <li key={id} className={classes.step} data-state={state} aria-current={state === 'running' ? 'step' : undefined}>
          <span className={classes.mark}>
            <Mark state={state} />
          </span>
          <div>
            <span>{name}</span>
            {message && <p className={classes.message}>{message}</p>}
          </div>
        </li>
      ))}
    </ol>
  );
}

function Mark({ state }: { state: string }) {
  if (state === 'running') return <Loader size={15} aria-hidden="true" />;
  if (state === 'done') return <Icon name="check" size={16} />;
  if (state === 'failed') return <Icon name="error" size={16} />;
  return <span className={classes.dot} />;
}
