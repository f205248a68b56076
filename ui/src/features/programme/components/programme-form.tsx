import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import { StreamField } from '../../../components/stream-field';
import type { Programme, ProgrammeSource } from '../../../lib/ffmpeg-types';
import { useStreamNames } from '../../../lib/use-stream-names';
import { useCreateProgramme } from '../api/use-programme';
import { streamOf } from '../programme-state';

interface ProgrammeFormProps {
  onClose: () => void;
  onMade: (programme: Programme) => void;
}

/** A new programme: its name, what it shows first, and what instead. The rest can wait. */
export function ProgrammeForm({ onClose, onMade }: ProgrammeFormProps) {
  const { t } = useTranslation();
  const create = useCreateProgramme();
  const { live, known } = useStreamNames();
  const [label, setLabel] = useState('');
  const [first, setFirst] = useState(live[0] ?? known[0] ?? '');
  const [backup, setBackup] = useState('');
  const [local, setLocal] = useState('live/programme');
  const [tried, setTried] = useState(false);
  const faults = {
    label: label.trim() === '' ? t('programme.settings.faults.label') : undefined,
    first: first !== '' && !streamOf(first) ? t('programme.sources.nameless') : undefined,
    backup: backup !== '' && !streamOf(backup) ? t('programme.sources.nameless') : backup !== '' && backup === first ? t('programme.sources.twice') : undefined,
    local: local !== '' && (!streamOf(local) || [first, backup].includes(local)) ? t('programme.settings.faults.local') : undefined,
  };
  const shown = (name: keyof typeof faults) => (tried ? faults[name] : undefined);
  const save = () => {
    setTried(true);
    if (Object.values(faults).some(Boolean)) return;
    const sources = [first, backup].flatMap((url): ProgrammeSource[] => {
      const of = streamOf(url);
      return of ? [{ ...of, label: '' }] : [];
    });
    const slate = { kind: 'card', title: '', subtitle: t('programme.form.backSoon'), file_id: null, audio: 'silent' } as const;
    create.mutate({ label: label.trim(), sources, slate, local_stream: local, enabled: true }, { onSuccess: onMade });
  };
  return (
    <FormModal title={t('programme.create')} submit={t('programme.create')} pending={create.isPending} error={create.error} onSubmit={save} onClose={onClose}>
      <TextInput
        label={t('programme.settings.label')}
        placeholder={t('programme.form.labelExample')}
        data-autofocus
        maxLength={80}
        value={label}
        onChange={(event) => setLabel(event.currentTarget.value)}
        error={shown('label')}
      />
      <StreamField label={t('programme.form.first')} value={first} error={shown('first')} onChange={setFirst} />
      <StreamField label={t('programme.form.backup')} description={t('programme.form.backupHint')} value={backup} error={shown('backup')} without={[first]} onChange={setBackup} />
      <TextInput
        label={t('programme.settings.local')}
        description={t('programme.settings.localHint')}
        autoCapitalize="off"
        spellCheck={false}
        value={local}
        onChange={(event) => setLocal(event.currentTarget.value.trim())}
        error={shown('local')}
      />
    </FormModal>
  );
}
