import { NumberInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

interface CountFieldProps {
  label: string;
  description?: string | undefined;
  value: number;
  most: number;
  disabled?: boolean;
  /** NaN while what is typed is no number. */
  onChange: (value: number) => void;
}

export function isCount(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

/** A whole number from 0 to `most`. */
export function CountField({ label, description, value, most, disabled = false, onChange }: CountFieldProps) {
  const { t } = useTranslation();
  return (
    <NumberInput
      label={label}
      description={description}
      value={Number.isNaN(value) ? '' : value}
      disabled={disabled}
      min={0}
      allowNegative={false}
      allowDecimal={false}
      clampBehavior="none"
      hideControls
      inputMode="numeric"
      onChange={(next) => onChange(next === '' ? Number.NaN : Number(next))}
      error={isCount(value, most) ? undefined : t('form.outOfRange', { most })}
    />
  );
}
