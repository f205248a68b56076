import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import { STREAM_NAME } from '../../../lib/publish-addresses';
import type { StreamRef } from '../../../lib/queries';
import { useAddStream } from '../api/use-known-streams';
import { StreamTexts } from './stream-texts';

interface AddStreamModalProps {
  /** A stream that has its name already. */
  of?: StreamRef | undefined;
  onAdded?: ((stream: StreamRef) => void) | undefined;
  onClose: () => void;
}

const EXACT = { spellCheck: false, autoCapitalize: 'off', maxLength: 64 } as const;

export function AddStreamModal({ of, onAdded, onClose }: AddStreamModalProps) {
  const { t } = useTranslation();
  const add = useAddStream();
  const [stream, setStream] = useState(of?.stream ?? '');
  const [app, setApp] = useState(of?.app ?? 'live');
  const [title, setTitle] = useState('');
  const [description, setDescription] = useState('');
  const [tried, setTried] = useState(false);
  const wrong = (name: string) => (of || STREAM_NAME.test(name) ? undefined : t('streams.add.nameInvalid'));

  const submit = () => {
    setTried(true);
    if (wrong(stream) || wrong(app)) return;
    add.mutate(
      { app, stream, title, description },
      {
        onSuccess: () => {
          onClose();
          onAdded?.({ app, stream });
        },
      },
    );
  };

  return (
    <FormModal title={t('streams.add.title')} submit={t('streams.add.submit')} pending={add.isPending} error={add.error} onSubmit={submit} onClose={onClose}>
      <TextInput
        {...EXACT}
        data-autofocus={of ? undefined : true}
        disabled={of !== undefined}
        label={t('streams.add.name')}
        description={t('streams.add.nameHint')}
        value={stream}
        onChange={(event) => setStream(event.currentTarget.value)}
        error={tried ? wrong(stream) : undefined}
      />
      <TextInput
        {...EXACT}
        disabled={of !== undefined}
        label={t('streams.add.app')}
        description={t('streams.add.appHint')}
        value={app}
        onChange={(event) => setApp(event.currentTarget.value)}
        error={tried ? wrong(app) : undefined}
      />
      <StreamTexts
        autoFocus={of !== undefined}
        title={title}
        description={description}
        onTitle={setTitle}
        onDescription={setDescription}
      />
    </FormModal>
  );
}
