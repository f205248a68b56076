import { Checkbox, Input, Radio, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFfmpegFeed } from '../../../lib/ffmpeg-feed';
import type { Channel } from '../../../lib/ffmpeg-types';
import type { ChannelDraft, DraftFault } from '../channel-draft';

interface DestinationFieldsProps {
  draft: ChannelDraft;
  /** Where it goes now, as saved. */
  saved: Channel['to'] | undefined;
  /** In place of an empty stream. */
  suggestion: string;
  fault: (name: DraftFault) => string | undefined;
  onChange: (part: Partial<ChannelDraft>) => void;
}

/** Where a channel goes: a stream of this server, or outputs. */
export function DestinationFields({ draft, saved, suggestion, fault, onChange }: DestinationFieldsProps) {
  const { t } = useTranslation();
  const outputs = [...(useFfmpegFeed().outputs?.values() ?? [])];
  return (
    <>
      <Radio.Group aria-label={t('channels.form.to')} value={draft.to} onChange={(to) => onChange({ to: to as ChannelDraft['to'] })}>
        <Stack gap={10}>
          <Radio value="stream" label={t('channels.form.toStream')} description={t('channels.form.toStreamHint')} />
          <Radio value="outputs" label={t('channels.form.toOutputs')} description={t('channels.form.toOutputsHint')} />
          {saved?.kind === 'address' && (
            <Radio value="address" label={t('channels.form.toAddress')} description={t('channels.form.toAddressHint', { server: saved.server, hint: saved.key_hint })} />
          )}
        </Stack>
      </Radio.Group>
      {draft.to === 'stream' && (
        <TextInput
          label={t('channels.form.stream')}
          description={t('channels.form.streamHint')}
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          value={draft.stream || suggestion}
          onChange={(event) => onChange({ stream: event.currentTarget.value })}
          error={fault('stream')}
        />
      )}
      {draft.to === 'outputs' && outputs.length === 0 && <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('channels.form.noOutputs')}</p>}
      {draft.to === 'outputs' && outputs.length > 0 && (
        <Checkbox.Group label={t('channels.form.outputs')} value={draft.outputs} onChange={(chosen) => onChange({ outputs: chosen })}>
          <Stack gap={8} mt={6}>
            {outputs.map(({ id, label }) => (
              <Checkbox key={id} value={id} label={label} />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
      {draft.to === 'outputs' && fault('outputs') && <Input.Error role="alert">{fault('outputs')}</Input.Error>}
    </>
  );
}
