import { Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { CountField } from '../../../components/count-field';
import { OptionSwitch } from '../../../components/option-switch';
import { WeekFields } from '../../../components/week-fields';
import { newWeekPlan } from '../../../lib/weekdays';
import { MOST_MINUTES, type ChannelDraft } from '../channel-draft';

interface WhenFieldsProps {
  draft: ChannelDraft;
  /** Say what is missing. */
  tried: boolean;
  onChange: (part: Partial<ChannelDraft>) => void;
}

/** From when to when a channel plays. */
export function WhenFields({ draft: { schedule, maxMinutes }, tried, onChange }: WhenFieldsProps) {
  const { t } = useTranslation();
  return (
    <>
      <OptionSwitch
        label={t('channels.form.schedule')}
        hint={t('channels.form.scheduleHint')}
        checked={schedule !== null}
        onChange={(on) => onChange({ schedule: on ? newWeekPlan() : null })}
      >
        <Stack gap={14} mt={12}>
          {schedule && <WeekFields value={schedule} tried={tried} onChange={(part) => onChange({ schedule: { ...schedule, ...part } })} />}
        </Stack>
      </OptionSwitch>
      <CountField
        label={t('channels.form.minutes')}
        description={t('channels.form.minutesHint')}
        value={maxMinutes}
        most={MOST_MINUTES}
        onChange={(minutes) => onChange({ maxMinutes: minutes })}
      />
    </>
  );
}
