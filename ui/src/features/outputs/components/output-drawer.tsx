import { Drawer } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Output, OutputPreset } from '../../../lib/ffmpeg-types';
import { useStreamNames } from '../../../lib/use-stream-names';
import { useCreateOutput, useUpdateOutput } from '../api/use-outputs';
import { draftOf, newDraft, withPreset, type OutputDraft } from '../output-draft';
import { OutputForm } from './output-form';
import { PlatformPicker } from './platform-picker';

interface OutputDrawerProps {
  /** Null: a new one. */
  output: Output | null;
  /** What a new one begins with; empty for a guess. */
  source: string;
  presets: OutputPreset[];
  onClose: () => void;
}

/** Make an output or change one: first where to, then the rest. */
export function OutputDrawer({ output, source, presets, onClose }: OutputDrawerProps) {
  const { t } = useTranslation();
  const create = useCreateOutput();
  const update = useUpdateOutput();
  // As it was when the drawer opened: what arrives meanwhile must not undo what is being typed.
  const [saved] = useState(output);
  const [draft, setDraft] = useState<OutputDraft | null>(() => saved && draftOf(saved));
  const [picking, setPicking] = useState(saved === null);
  const { live, known } = useStreamNames();
  const preset = draft && (presets.find(({ id }) => id === draft.platform) ?? presets.find(({ group }) => group === 'custom'));
  const pick = (chosen: OutputPreset) => {
    setDraft(draft ? withPreset(draft, chosen) : newDraft(chosen, source || (live[0] ?? known[0] ?? '')));
    setPicking(false);
  };
  return (
    <Drawer
      opened
      size="lg"
      onClose={onClose}
      title={saved ? t('outputs.form.edit', { label: saved.label }) : t('outputs.add')}
      // What was typed must not go with a stray click.
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {picking || !draft || !preset ? (
        <PlatformPicker presets={presets} onPick={pick} />
      ) : (
        <OutputForm
          output={output && saved && { ...saved, state: output.state }}
          draft={draft}
          presets={presets}
          preset={preset}
          pending={create.isPending || update.isPending}
          error={create.error ?? update.error}
          onChange={setDraft}
          onPlatform={() => setPicking(true)}
          onSubmit={(fields) => (saved ? update.mutate({ id: saved.id, ...fields }, { onSuccess: onClose }) : create.mutate(fields, { onSuccess: onClose }))}
          onCancel={onClose}
        />
      )}
    </Drawer>
  );
}
