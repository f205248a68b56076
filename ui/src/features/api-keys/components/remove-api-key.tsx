import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { ApiKey } from '../../../lib/house-types';
import { useRemoveApiKey } from '../api/use-api-keys';

export function RemoveApiKey({ of: { id, label }, onClose }: { of: ApiKey; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemoveApiKey();
  return (
    <ConfirmModal
      title={t('apiKeys.remove.title', { label })}
      text={t('apiKeys.remove.text')}
      confirm={t('apiKeys.remove.confirm')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
