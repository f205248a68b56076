import { Input, Stack, TextInput } from '@mantine/core';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { FormEnd } from '../../../components/form-end';
import { OptionSwitch } from '../../../components/option-switch';
import type { Channel } from '../../../lib/ffmpeg-types';
import { uploadedItem, type DraftItem } from '../channel-draft';
import { useChannelForm } from '../use-channel-form';
import { AddItems } from './add-items';
import type { FormFrame } from './channel-drawer';
import { DestinationFields } from './destination-fields';
import { FormPart } from './form-part';
import { MediaFields } from './media-fields';
import { Playlist } from './playlist';
import { PrivateField } from './private-field';
import type { UploadSlot } from './vlive-drawer';
import { WhenFields } from './when-fields';

interface VliveFormProps {
  channel: Channel | null;
  uploads: UploadSlot | undefined;
  frame: FormFrame;
}

/** Everything that is chosen of a channel that plays a list. */
export function VliveForm({ channel, uploads, frame }: VliveFormProps) {
  const { t } = useTranslation();
  const { draft, suggestion, tried, change, edit, fault, send } = useChannelForm(channel, frame.submit);
  const add = useCallback((item: DraftItem) => edit((now) => ({ ...now, items: [...now.items, item] })), [edit]);
  const arrived = useCallback((file: { id: string; name: string }) => add(uploadedItem(file)), [add]);
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Stack>
        <TextInput
          label={t('channels.form.label')}
          placeholder={t('channels.form.labelExample')}
          maxLength={100}
          data-autofocus
          value={draft.label}
          onChange={(event) => change({ label: event.currentTarget.value })}
          error={fault('label')}
        />
        <FormPart title={t('channels.form.playlist')}>
          <Playlist items={draft.items} onChange={(items) => change({ items })} />
          {fault('items') && <Input.Error role="alert">{fault('items')}</Input.Error>}
          <AddItems items={draft.items} allowPrivate={draft.allow_private} uploads={uploads?.(channel?.id ?? 'new', arrived)} onAdd={add} />
        </FormPart>
        <FormPart title={t('channels.form.order')}>
          <OptionSwitch label={t('channels.form.loop')} hint={t('channels.form.loopHint')} checked={draft.loop} onChange={(loop) => change({ loop })} />
          <OptionSwitch label={t('channels.form.shuffle')} hint={t('channels.form.shuffleHint')} checked={draft.shuffle} onChange={(shuffle) => change({ shuffle })} />
        </FormPart>
        <FormPart title={t('channels.form.to')}>
          <DestinationFields draft={draft} saved={channel?.to} suggestion={suggestion} fault={fault} onChange={change} />
        </FormPart>
        <FormPart title={t('channels.form.when')}>
          <WhenFields draft={draft} tried={tried} onChange={change} />
        </FormPart>
        <FormPart title={t('channels.form.more')}>
          <MediaFields draft={draft} onChange={change} />
          <PrivateField checked={draft.allow_private} onChange={(allow_private) => change({ allow_private })} />
        </FormPart>
        {!channel && <OptionSwitch label={t('channels.form.enabled')} checked={draft.enabled} onChange={(enabled) => change({ enabled })} />}
        <FormEnd
          submit={t(channel ? 'channels.form.save' : draft.enabled ? 'channels.form.create' : 'channels.form.createOff')}
          pending={frame.pending}
          error={frame.error}
          onCancel={frame.onCancel}
        />
      </Stack>
    </form>
  );
}
