import { useTranslation } from 'react-i18next';
import { SHORTEST_PASSWORD } from '../../../lib/password-strength';
import { PasswordField } from '../../../components/password-field';
import { StrengthMeter } from '../../../components/strength-meter';

export interface NewPassword {
  password: string;
  again: string;
}

interface NewPasswordFieldsProps {
  label: string;
  value: NewPassword;
  onChange: (value: NewPassword) => void;
  /** Complain about what is still wrong: after the first try to send. */
  complain: boolean;
  autoFocus?: boolean;
}

export function isComplete({ password, again }: NewPassword): boolean {
  return password.length >= SHORTEST_PASSWORD && password === again;
}

/** A new password, twice, with a hint of its strength. */
export function NewPasswordFields({ label, value, onChange, complain, autoFocus = false }: NewPasswordFieldsProps) {
  const { t } = useTranslation();
  const { password, again } = value;
  const differs = again !== '' && password !== again && (complain || again.length >= password.length);
  return (
    <>
      <PasswordField
        label={label}
        autoComplete="new-password"
        data-autofocus={autoFocus || undefined}
        autoFocus={autoFocus}
        value={password}
        onChange={(event) => onChange({ ...value, password: event.currentTarget.value })}
        error={complain && password.length < SHORTEST_PASSWORD ? t('password.tooShort', { count: SHORTEST_PASSWORD }) : undefined}
        inputContainer={(input) => (
          <>
            {input}
            <StrengthMeter password={password} />
          </>
        )}
      />
      <PasswordField
        label={t('password.again')}
        autoComplete="new-password"
        value={again}
        onChange={(event) => onChange({ ...value, again: event.currentTarget.value })}
        error={differs || (complain && password !== again) ? t('password.differs') : undefined}
      />
    </>
  );
}
