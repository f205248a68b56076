import { SegmentedControl, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { OptionSwitch } from '../../../components/option-switch';
import { SaveBar } from '../../../components/save-bar';
import type { Programme, Slate } from '../../../lib/ffmpeg-types';
import { useDraft } from '../../../lib/use-draft';
import { useUpdateProgramme } from '../api/use-programme';
import { SlateFilePicker } from './slate-file-picker';
import { SlatePreview } from './slate-preview';

const KINDS = ['card', 'picture', 'clip'] as const;

/** What is shown while no source is there: words, a picture or a clip, as it will look. */
export function SlateCard({ programme }: { programme: Programme }) {
  const { t } = useTranslation();
  const update = useUpdateProgramme();
  const { value, dirty, change } = useDraft<Slate>(programme.slate);
  const { kind, title, subtitle, audio } = value;
  const file_id = value.file_id ?? null;
  const unfinished = kind !== 'card' && file_id === null;
  return (
    <Card title={t('programme.slate.title')}>
      <Stack>
        <SlatePreview slate={{ ...value, title: title || programme.label }} alt={t('programme.slate.preview')} />
        <SegmentedControl
          fullWidth
          aria-label={t('programme.slate.kind')}
          value={kind}
          data={KINDS.map((one) => ({ value: one, label: t(`programme.slate.kinds.${one}`) }))}
          // A picture is no clip: what was chosen for the one is nothing for the other.
          onChange={(next) => change({ kind: next, file_id: next === programme.slate.kind ? (programme.slate.file_id ?? null) : null })}
        />
        {kind === 'card' ? (
          <>
            <TextInput
              label={t('programme.slate.heading')}
              placeholder={programme.label}
              description={t('programme.slate.headingHint')}
              maxLength={120}
              value={title}
              onChange={(event) => change({ title: event.currentTarget.value })}
            />
            <TextInput label={t('programme.slate.subtitle')} maxLength={200} value={subtitle} onChange={(event) => change({ subtitle: event.currentTarget.value })} />
          </>
        ) : (
          <SlateFilePicker kind={kind} chosen={file_id} onChoose={(id) => change({ file_id: id })} />
        )}
        {kind === 'clip' && (
          <OptionSwitch label={t('programme.slate.own')} hint={t('programme.slate.ownHint')} checked={audio === 'own'} onChange={(own) => change({ audio: own ? 'own' : 'silent' })} />
        )}
        <SaveBar
          label={t('programme.save')}
          dirty={dirty}
          pending={update.isPending}
          saved={update.isSuccess}
          error={update.error}
          onSave={() => !unfinished && update.mutate({ id: programme.id, slate: value })}
        />
      </Stack>
    </Card>
  );
}
