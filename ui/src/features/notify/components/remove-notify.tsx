import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { NotifyTarget } from '../../../lib/monitor-types';
import { useRemoveNotify } from '../api/use-notify';

export function RemoveNotify({ target, onClose }: { target: NotifyTarget; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemoveNotify();
  return (
    <ConfirmModal
      title={t('notify.removeTitle', { label: target.label })}
      text={t('notify.removeText')}
      confirm={t('notify.remove')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(target.id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
