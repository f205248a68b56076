import { Chip, Group, Input, NativeSelect, SimpleGrid, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import { knownStreamsQuery } from '../../../lib/queries';
import type { Schedule, ScheduleDraft } from '../../../lib/recording-types';
import { useCreateSchedule, useUpdateSchedule } from '../api/use-record-rules';
import { dayName, ownZone, WEEK, zones } from '../weekdays';
import { GlobPreview } from './glob-preview';

const CLOCK = /^([01]\d|2[0-3]):[0-5]\d$/;

/** Make a schedule or change one. */
export function ScheduleModal({ schedule, onClose }: { schedule: Schedule | null; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const create = useCreateSchedule();
  const update = useUpdateSchedule();
  const known = useQuery(knownStreamsQuery).data ?? [];
  const listId = useId();
  const daysId = useId();
  const [draft, setDraft] = useState<ScheduleDraft>(() => (schedule ? draftOf(schedule) : newDraft()));
  const [tried, setTried] = useState(false);
  const change = (part: Partial<ScheduleDraft>) => setDraft({ ...draft, ...part });
  const wrong = {
    label: draft.label.trim() === '',
    glob: draft.glob.trim() === '',
    days: draft.days.length === 0,
    start: !CLOCK.test(draft.start),
    end: !CLOCK.test(draft.end),
  };
  const fault = (name: keyof typeof wrong) => (tried && wrong[name] ? t(`recordRules.schedules.faults.${name}`) : undefined);
  const save = () => {
    setTried(true);
    if (Object.values(wrong).some(Boolean)) return;
    const fields = { ...draft, label: draft.label.trim(), glob: draft.glob.trim() };
    if (schedule) update.mutate({ id: schedule.id, ...fields }, { onSuccess: onClose });
    else create.mutate(fields, { onSuccess: onClose });
  };
  const past = draft.end < draft.start ? t('recordRules.schedules.pastMidnight') : draft.end === draft.start ? t('recordRules.schedules.wholeDay') : undefined;
  return (
    <FormModal
      title={schedule ? t('recordRules.schedules.editTitle', { label: schedule.label }) : t('recordRules.schedules.add')}
      submit={t('recordRules.save')}
      pending={create.isPending || update.isPending}
      error={create.error ?? update.error}
      onSubmit={save}
      onClose={onClose}
    >
      <TextInput
        label={t('recordRules.schedules.label')}
        placeholder={t('recordRules.schedules.labelExample')}
        data-autofocus
        maxLength={64}
        value={draft.label}
        onChange={(event) => change({ label: event.currentTarget.value })}
        error={fault('label')}
      />
      <TextInput
        label={t('recordRules.schedules.glob')}
        description={t('recordRules.schedules.globHint')}
        list={listId}
        autoCapitalize="off"
        spellCheck={false}
        value={draft.glob}
        onChange={(event) => change({ glob: event.currentTarget.value })}
        error={fault('glob')}
      />
      <datalist id={listId}>
        {known.map(({ url }) => (
          <option key={url} value={url} />
        ))}
      </datalist>
      {draft.glob.trim() !== '' && <GlobPreview globs={[draft.glob.trim()]} />}
      <div role="group" aria-labelledby={daysId}>
        <Input.Label id={daysId} labelElement="div" mb={6}>
          {t('recordRules.schedules.days')}
        </Input.Label>
        <Chip.Group multiple value={draft.days.map(String)} onChange={(days) => change({ days: WEEK.filter((day) => days.includes(String(day))) })}>
          <Group gap={6}>
            {WEEK.map((day) => (
              <Chip key={day} size="xs" value={String(day)} aria-label={dayName(day, i18n.language, 'long')}>
                {dayName(day, i18n.language, 'short')}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        {fault('days') && (
          <Input.Error mt={4} role="alert">
            {fault('days')}
          </Input.Error>
        )}
      </div>
      <SimpleGrid cols={2}>
        <TextInput type="time" label={t('recordRules.schedules.start')} value={draft.start} onChange={(event) => change({ start: event.currentTarget.value })} error={fault('start')} />
        <TextInput type="time" label={t('recordRules.schedules.end')} value={draft.end} onChange={(event) => change({ end: event.currentTarget.value })} error={fault('end')} />
      </SimpleGrid>
      {past && <p style={{ margin: '-8px 0 0', color: 'var(--ss-dim)', fontSize: 12 }}>{past}</p>}
      <NativeSelect label={t('recordRules.schedules.zone')} value={draft.zone} data={zones(draft.zone)} onChange={(event) => change({ zone: event.currentTarget.value })} />
    </FormModal>
  );
}

function newDraft(): ScheduleDraft {
  return { label: '', glob: 'live/*', days: [0, 1, 2, 3, 4], start: '18:00', end: '20:00', zone: ownZone(), enabled: true };
}

function draftOf({ label, glob, days, start, end, zone, enabled }: Schedule): ScheduleDraft {
  return { label, glob, days, start, end, zone, enabled };
}
