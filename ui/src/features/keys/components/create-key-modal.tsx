import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import { NEVER } from '../../../lib/expiry';
import type { NewKey } from '../../../lib/api-types';
import type { StreamRef } from '../../../lib/queries';
import { useCreateKey } from '../api/use-keys';
import { useKeyFields } from './key-fields';

interface CreateKeyModalProps {
  of: StreamRef;
  onCreated: (made: NewKey) => void;
  onClose: () => void;
}

export function CreateKeyModal({ of, onCreated, onClose }: CreateKeyModalProps) {
  const { t } = useTranslation();
  const create = useCreateKey();
  const { fields, check } = useKeyFields({ label: '', expiry: NEVER });
  const submit = () => {
    const wanted = check();
    if (wanted) create.mutate({ app: of.app, stream: of.stream, ...wanted }, { onSuccess: onCreated });
  };
  return (
    <FormModal
      title={t('keys.create.title', { url: `${of.app}/${of.stream}` })}
      submit={t('keys.create.submit')}
      pending={create.isPending}
      error={create.error}
      onSubmit={submit}
      onClose={onClose}
    >
      {fields}
    </FormModal>
  );
}
