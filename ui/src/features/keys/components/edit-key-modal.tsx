import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import { expiryOf } from '../../../lib/expiry';
import type { PublishKey } from '../../../lib/api-types';
import { useUpdateKey } from '../api/use-keys';
import { useKeyFields } from './key-fields';

export function EditKeyModal({ of, onClose }: { of: PublishKey; onClose: () => void }) {
  const { t } = useTranslation();
  const update = useUpdateKey();
  const { fields, check } = useKeyFields({ label: of.label, expiry: expiryOf(of.expires_ms ?? null) });
  const submit = () => {
    const wanted = check();
    if (wanted) update.mutate({ id: of.id, ...wanted }, { onSuccess: onClose });
  };
  return (
    <FormModal
      title={t('keys.edit.title', { label: of.label })}
      submit={t('keys.edit.submit')}
      pending={update.isPending}
      error={update.error}
      onSubmit={submit}
      onClose={onClose}
    >
      {fields}
    </FormModal>
  );
}
