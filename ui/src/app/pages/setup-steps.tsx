import { useTranslation } from 'react-i18next';
import classes from './setup-steps.module.css';

const STEPS = ['password', 'picture', 'share'] as const;

export function SetupSteps({ current }: { current: (typeof STEPS)[number] }) {
  const { t } = useTranslation();
  return (
    <ol className={classes.steps} aria-label={t('setup.steps.label')}>
      {STEPS.map((step) => (
        <li key={step} className={classes.step} aria-current={step === current ? 'step' : undefined}>
          {t(`setup.steps.${step}`)}
        </li>
      ))}
    </ol>
  );
}
