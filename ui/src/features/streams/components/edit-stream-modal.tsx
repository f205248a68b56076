import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import type { KnownStream } from '../../../lib/api-types';
import { useUpdateStream } from '../api/use-known-streams';
import { StreamTexts } from './stream-texts';

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
      <StreamTexts
        autoFocus
        title={title}
        description={description}
        onTitle={setTitle}
        onDescription={setDescription}
      />
    </FormModal>
  );
}
