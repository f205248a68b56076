import { SegmentedControl } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { RANGES, type Range } from '../range';

export function RangePicker({ value, onChange }: { value: Range; onChange: (range: Range) => void }) {
  const { t } = useTranslation();
  return (
    <SegmentedControl
      size="xs"
      aria-label={t('stats.range.label')}
      value={value}
      data={RANGES.map((range) => ({ value: range, label: t(`stats.range.${range}`) }))}
      onChange={(range) => onChange(range as Range)}
    />
  );
}
