import { Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import type { KnownStream } from '../../../lib/api-types';
import { useUpdateStream } from '../api/use-known-streams';

export function EditStreamModal({ stream, onClose }: { stream: KnownStream; onClose: () => void }) {
  const { t } = useTranslation();
  const update = useUpdateStream();
  const [title, setTitle] = useState(stream.title);
  const [description, setDescription] = useState(stream.description);
  return (
    <FormModal
      title={t('streams.edit.title', { url: stream.url })}
      submit={t('streams.edit.submit')}
      pending={update.isPending}
      error={update.error}
      onSubmit={() => update.mutate({ app: stream.app, stream: stream.stream, title, description }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <TextInput
        data-autofocus
        label={t('streams.add.streamTitle')}
        description={t('streams.add.streamTitleHint')}
        maxLength={200}
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
      <Textarea
        label={t('streams.add.description')}
        rows={3}
        maxLength={2000}
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
    </FormModal>
  );
}
