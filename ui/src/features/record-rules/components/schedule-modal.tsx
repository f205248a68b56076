import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import { WeekFields } from '../../../components/week-fields';
import { knownStreamsQuery } from '../../../lib/queries';
import type { Schedule, ScheduleDraft } from '../../../lib/recording-types';
import { isWeekPlan, newWeekPlan } from '../../../lib/weekdays';
import { useCreateSchedule, useUpdateSchedule } from '../api/use-record-rules';
import { GlobPreview } from './glob-preview';

/** Make a schedule or change one. */
export function ScheduleModal({ schedule, onClose }: { schedule: Schedule | null; onClose: () => void }) {
  const { t } = useTranslation();
  const create = useCreateSchedule();
  const update = useUpdateSchedule();
  const known = useQuery(knownStreamsQuery).data ?? [];
  const listId = useId();
  const [draft, setDraft] = useState<ScheduleDraft>(() => (schedule ? draftOf(schedule) : newDraft()));
  const [tried, setTried] = useState(false);
  const change = (part: Partial<ScheduleDraft>) => setDraft({ ...draft, ...part });
  const wrong = {
    label: draft.label.trim() === '',
    glob: draft.glob.trim() === '',
  };
  const fault = (name: keyof typeof wrong) => (tried && wrong[name] ? t(`recordRules.schedules.faults.${name}`) : undefined);
  const save = () => {
    setTried(true);
    if (Object.values(wrong).some(Boolean) || !isWeekPlan(draft)) return;
    const fields = { ...draft, label: draft.label.trim(), glob: draft.glob.trim() };
    if (schedule) update.mutate({ id: schedule.id, ...fields }, { onSuccess: onClose });
    else create.mutate(fields, { onSuccess: onClose });
  };
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
      <WeekFields value={draft} tried={tried} onChange={change} />
    </FormModal>
  );
}

function newDraft(): ScheduleDraft {
  return { label: '', glob: 'live/*', ...newWeekPlan(), enabled: true };
}

function draftOf({ label, glob, days, start, end, zone, enabled }: Schedule): ScheduleDraft {
  return { label, glob, days, start, end, zone, enabled };
}
