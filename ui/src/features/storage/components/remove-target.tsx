import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { StorageTarget } from '../../../lib/recording-types';
import { useRemoveTarget } from '../api/use-storage';

export function RemoveTarget({ target, onClose }: { target: StorageTarget; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemoveTarget();
  return (
    <ConfirmModal
      title={t('storage.remove.title', { label: target.label })}
      text={t('storage.remove.text', { bucket: target.bucket })}
      confirm={t('storage.remove.confirm')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(target.id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
