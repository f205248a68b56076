import { useTranslation } from 'react-i18next';
import { passwordStrength } from '../lib/password-strength';
import classes from './strength-meter.module.css';

export function StrengthMeter({ password }: { password: string }) {
  const { t } = useTranslation();
  const strength = passwordStrength(password);
  return (
    <div className={classes.meter} data-strength={strength}>
      <span className={classes.bar} />
      <span className={classes.bar} />
      <span className={classes.bar} />
      <span className={classes.word} role="status">
        {t(`password.strength.${strength}`)}
      </span>
    </div>
  );
}
