import { NumberInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

interface CountFieldProps {
  label: string;
  description?: string | undefined;
  value: number;
  least?: number;
  most: number;
  disabled?: boolean;
  /** NaN while what is typed is no number. */
  onChange: (value: number) => void;
}

export function isCount(value: number, most: number, least = 0): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

/** A whole number from `least` to `most`. */
export function CountField({ label, description, value, least = 0, most, disabled = false, onChange }: CountFieldProps) {
  const { t } = useTranslation();
  return (
    <NumberInput
      label={label}
      description={description}
      value={Number.isNaN(value) ? '' : value}
      disabled={disabled}
      min={least}
      allowNegative={false}
      allowDecimal={false}
      clampBehavior="none"
      hideControls
      inputMode="numeric"
      onChange={(next) => onChange(next === '' ? Number.NaN : Number(next))}
      error={isCount(value, most, least) ? undefined : t('form.outOfRange', { least, most })}
    />
  );
}
