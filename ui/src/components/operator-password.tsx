import { useTranslation } from 'react-i18next';
import { asApiError } from '../lib/api-error';
import { errorText } from '../lib/error-text';
import { PasswordField } from './password-field';

interface OperatorPasswordProps {
  value: string;
  /** Of the call that carries it: what concerns the password is told here. */
  error: unknown;
  onChange: (value: string) => void;
}

/** For what makes somebody root: a session alone is no proof, so the password is asked for in the same step. */
export function OperatorPassword({ value, error, onChange }: OperatorPasswordProps) {
  const { t } = useTranslation();
  const { message, help } = errorText(asApiError(error), t);
  return (
    <PasswordField
      size="sm"
      label={t('password.label')}
      description={t('password.proof')}
      autoComplete="current-password"
      maxLength={1024}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={isOfPassword(error) ? `${message} ${help}` : undefined}
    />
  );
}

/** What a form shows as its own error: all but what the field tells. */
export function besidesPassword(error: unknown): unknown {
  return isOfPassword(error) ? null : error;
}

function isOfPassword(error: unknown): boolean {
  return error != null && ['password_needed', 'password_wrong'].includes(asApiError(error).key);
}
