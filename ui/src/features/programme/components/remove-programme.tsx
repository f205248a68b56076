import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { Programme } from '../../../lib/ffmpeg-types';
import { useRemoveProgramme } from '../api/use-programme';

export function RemoveProgramme({ programme: { id, label, outputs }, onClose }: { programme: Programme; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemoveProgramme();
  return (
    <ConfirmModal
      title={t('programme.remove.title', { label })}
      text={t('programme.remove.text', { count: outputs.length })}
      confirm={t('programme.remove.confirm')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
