import { NativeSelect, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { LIFETIMES, type Expiry, type Lifetime } from '../lib/expiry';

interface ExpiryFieldProps {
  value: Expiry;
  onChange: (value: Expiry) => void;
  /** What is wrong with the date by hand, if anything. */
  error?: string | undefined;
}

/** Until when something holds: a usual time from now, a date, or for ever. */
export function ExpiryField({ value, onChange, error }: ExpiryFieldProps) {
  const { t } = useTranslation();
  return (
    <>
      <NativeSelect
        label={t('expiry.label')}
        value={value.lifetime}
        data={LIFETIMES.map((lifetime) => ({ value: lifetime, label: t(`expiry.${lifetime}`) }))}
        onChange={(event) => onChange({ ...value, lifetime: event.currentTarget.value as Lifetime })}
      />
      {value.lifetime === 'date' && (
        <TextInput
          type="datetime-local"
          label={t('expiry.at')}
          value={value.date}
          onChange={(event) => onChange({ ...value, date: event.currentTarget.value })}
          error={error}
        />
      )}
    </>
  );
}
