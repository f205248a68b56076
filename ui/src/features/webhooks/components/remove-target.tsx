import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { HookTarget } from '../../../lib/api-types';
import { useRemoveTarget } from '../api/use-webhooks';

export function RemoveTarget({ target, onClose }: { target: HookTarget; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemoveTarget();
  return (
    <ConfirmModal
      title={t('webhooks.remove.title', { label: target.label })}
      text={t('webhooks.remove.text', { url: target.url })}
      confirm={t('webhooks.remove.confirm')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(target.id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
