import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import { formatDateTime } from '../../../lib/format';
import type { Backup } from '../../../lib/house-types';
import { useRemoveBackup } from '../api/use-backup';

export function RemoveModal({ backup, onClose }: { backup: Backup; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const remove = useRemoveBackup();
  return (
    <ConfirmModal
      title={t('backup.remove.title', { date: formatDateTime(backup.at_ms, i18n.language) })}
      text={t(backup.where === 'bucket' ? 'backup.remove.bucketText' : 'backup.remove.text')}
      confirm={t('backup.remove.confirm')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(backup.id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
