import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormEnd } from '../../../components/form-end';
import { HelpfulError } from '../../../components/helpful-error';
import { OptionSwitch } from '../../../components/option-switch';
import type { Channel } from '../../../lib/ffmpeg-types';
import { useProbe } from '../api/use-channels';
import { isAddress, SCHEMES, type ChannelDraft } from '../channel-draft';
import { useChannelForm } from '../use-channel-form';
import type { FormFrame } from './channel-drawer';
import { DestinationFields } from './destination-fields';
import { FormPart } from './form-part';
import { MediaFields } from './media-fields';
import { PrivateField } from './private-field';
import { ProbeResult } from './probe-result';
import { WhenFields } from './when-fields';

/** Everything that is chosen of a camera, and a look at what it sends. */
export function CameraForm({ channel, frame }: { channel: Channel | null; frame: FormFrame }) {
  const { t } = useTranslation();
  const [url, setUrl] = useState('');
  const { draft, suggestion, tried, change, fault, send } = useChannelForm(channel, frame.submit, (written) => withAddress(written, url));
  const [looked, setLooked] = useState(false);
  const probe = useProbe();
  const saved = channel?.items[0];
  const schemes = SCHEMES.join(', ');
  const missing = url.trim() === '' && !saved;
  const wrong = (tried || looked) && (missing || (url.trim() !== '' && !isAddress(url)));

  const look = () => {
    setLooked(true);
    if (isAddress(url)) probe.mutate({ url: url.trim(), kind: 'camera', allow_private: draft.allow_private });
  };

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
          placeholder={t('channels.form.cameraExample')}
          maxLength={100}
          data-autofocus
          value={draft.label}
          onChange={(event) => change({ label: event.currentTarget.value })}
          error={fault('label')}
        />
        <TextInput
          label={t('channels.form.url')}
          description={saved ? t('channels.form.urlKept', { target: saved.target }) : t('channels.form.urlHint')}
          inputMode="url"
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          maxLength={2048}
          placeholder="rtsp://192.168.1.20:554/stream1"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          error={wrong ? t('channels.form.faults.address', { schemes }) : undefined}
        />
        <PrivateField checked={draft.allow_private} onChange={(allow_private) => change({ allow_private })} />
        <Group>
          <Button variant="default" loading={probe.isPending} disabled={url.trim() === ''} onClick={look}>
            {t('channels.add.probe')}
          </Button>
        </Group>
        {probe.error && <HelpfulError error={probe.error} />}
        {probe.data && <ProbeResult probe={probe.data} />}
        <FormPart title={t('channels.form.media')}>
          <MediaFields draft={draft} onChange={change} />
        </FormPart>
        <FormPart title={t('channels.form.to')}>
          <DestinationFields draft={draft} saved={channel?.to} suggestion={suggestion} fault={fault} onChange={change} />
        </FormPart>
        <FormPart title={t('channels.form.when')}>
          <WhenFields draft={draft} tried={tried} onChange={change} />
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

/** A camera is its one address; an empty field leaves the one that is stored. */
function withAddress(draft: ChannelDraft, url: string): ChannelDraft {
  const name = draft.label.trim();
  if (url.trim() === '') return { ...draft, items: draft.items.slice(0, 1).map((item) => ({ ...item, name })) };
  return { ...draft, items: [{ key: 'camera', id: null, type: 'stream', name, target: url, bytes: 0, duration_ms: 0, codecs: [], problem: null }] };
}
