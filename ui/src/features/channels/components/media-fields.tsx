import { NativeSelect } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { OptionSwitch } from '../../../components/option-switch';
import type { ChannelDraft } from '../channel-draft';

const CHOICES = ['auto', 'never', 'always'] as const;

interface MediaFieldsProps {
  draft: ChannelDraft;
  onChange: (part: Partial<ChannelDraft>) => void;
}

/** What is done to picture and sound. */
export function MediaFields({ draft, onChange }: MediaFieldsProps) {
  const { t } = useTranslation();
  return (
    <>
      <NativeSelect
        label={t('channels.form.transcode')}
        description={t('channels.form.transcodeHint')}
        value={draft.transcode}
        data={CHOICES.map((value) => ({ value, label: t(`channels.form.${value}`) }))}
        onChange={(event) => onChange({ transcode: event.currentTarget.value as ChannelDraft['transcode'] })}
      />
      <OptionSwitch
        label={t('channels.form.silent')}
        hint={t('channels.form.silentHint')}
        checked={draft.extra_audio === 'silent'}
        onChange={(on) => onChange({ extra_audio: on ? 'silent' : '' })}
      />
    </>
  );
}
