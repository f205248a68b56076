import { NativeSelect } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Transcode } from '../../../lib/ffmpeg-types';

type Hardware = Transcode['hardware'];

interface HardwareFieldProps {
  value: Hardware;
  /** What works on this machine. */
  found: string[];
  onChange: (value: Hardware) => void;
}

/** What encodes; of devices only those that are there, and the one that was chosen. */
export function HardwareField({ value, found, onChange }: HardwareFieldProps) {
  const { t } = useTranslation();
  const devices = (['vaapi', 'nvenc', 'qsv'] as const).filter((name) => found.includes(name) || name === value);
  const name = (one: Hardware) => t(`transcode.form.hardwareNames.${one}`);
  const there = devices.filter((one) => found.includes(one));
  return (
    <NativeSelect
      label={t('transcode.form.hardware')}
      description={there.length > 0 ? t('transcode.form.hardwareFound', { names: there.map(name).join(', ') }) : t('transcode.form.hardwareNone')}
      value={value}
      data={(['auto', 'off', ...devices] as const).map((one) => ({ value: one, label: name(one) }))}
      onChange={(event) => onChange(event.currentTarget.value as Hardware)}
    />
  );
}
