import { Chip, Group, Input, NativeSelect, SimpleGrid, TextInput } from '@mantine/core';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { dayName, isClock, WEEK, zones, type WeekPlan } from '../lib/weekdays';

interface WeekFieldsProps {
  value: WeekPlan;
  /** Say what is missing. */
  tried: boolean;
  onChange: (part: Partial<WeekPlan>) => void;
}

/** Days of the week, from when to when, and whose clock that is. */
export function WeekFields({ value, tried, onChange }: WeekFieldsProps) {
  const { t, i18n } = useTranslation();
  const daysId = useId();
  const timeFault = (clock: string) => (tried && !isClock(clock) ? t('week.timeMissing') : undefined);
  const past = value.end < value.start ? t('week.pastMidnight') : value.end === value.start ? t('week.wholeDay') : undefined;
  return (
    <>
      <div role="group" aria-labelledby={daysId}>
        <Input.Label id={daysId} labelElement="div" mb={6}>
          {t('week.days')}
        </Input.Label>
        <Chip.Group multiple value={value.days.map(String)} onChange={(days) => onChange({ days: WEEK.filter((day) => days.includes(String(day))) })}>
          <Group gap={6}>
            {WEEK.map((day) => (
              <Chip key={day} size="xs" value={String(day)} aria-label={dayName(day, i18n.language, 'long')}>
                {dayName(day, i18n.language, 'short')}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        {tried && value.days.length === 0 && (
          <Input.Error mt={4} role="alert">
            {t('week.daysMissing')}
          </Input.Error>
        )}
      </div>
      <SimpleGrid cols={2}>
        <TextInput type="time" label={t('week.start')} value={value.start} onChange={(event) => onChange({ start: event.currentTarget.value })} error={timeFault(value.start)} />
        <TextInput type="time" label={t('week.end')} value={value.end} onChange={(event) => onChange({ end: event.currentTarget.value })} error={timeFault(value.end)} />
      </SimpleGrid>
      {past && <p style={{ margin: '-8px 0 0', color: 'var(--ss-dim)', fontSize: 12 }}>{past}</p>}
      <NativeSelect label={t('week.zone')} value={value.zone} data={zones(value.zone)} onChange={(event) => onChange({ zone: event.currentTarget.value })} />
    </>
  );
}
