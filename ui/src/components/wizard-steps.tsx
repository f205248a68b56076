import { Icon } from './icons';
import classes from './wizard-steps.module.css';

/** Where one is on a way of several steps. `at` counts from 0. */
export function WizardSteps({ label, names, at }: { label: string; names: string[]; at: number }) {
  return (
    <ol className={classes.steps} aria-label={label}>
      {names.map((name, index) => (
        <li key={name} className={classes.step} data-done={index < at || undefined} aria-current={index === at ? 'step' : undefined}>
          <span className={classes.mark}>{index < at ? <Icon name="check" size={14} /> : index + 1}</span>
          <span className={classes.name}>{name}</span>
        </li>
      ))}
    </ol>
  );
}
