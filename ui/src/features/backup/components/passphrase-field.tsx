import { PasswordInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { StrengthMeter } from '../../../components/strength-meter';

interface PassphraseFieldProps {
  label: string;
  description?: string | undefined;
  placeholder?: string | undefined;
  value: string;
  error?: string | undefined;
  /** One that is made now, not one that is asked for. */
  fresh?: boolean;
  onChange: (value: string) => void;
}

/** What a backup is locked with; a new one is told how strong it is. */
export function PassphraseField({ label, description, placeholder, value, error, fresh = false, onChange }: PassphraseFieldProps) {
  const { t } = useTranslation();
  return (
    <PasswordInput
      label={label}
      description={description}
      placeholder={placeholder}
      autoComplete={fresh ? 'new-password' : 'off'}
      maxLength={500}
      value={value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
      visibilityToggleButtonProps={{ 'aria-label': t('backup.showPassphrase') }}
      inputContainer={(input) => (
        <>
          {input}
          {fresh && value !== '' && <StrengthMeter password={value} />}
        </>
      )}
    />
  );
}
