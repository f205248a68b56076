import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { Output } from '../../../lib/ffmpeg-types';
import { useRemoveOutput } from '../api/use-outputs';

export function RemoveOutput({ output: { id, label, state }, onClose }: { output: Output; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemoveOutput();
  return (
    <ConfirmModal
      title={t('outputs.remove.title', { label })}
      text={t(state === 'live' ? 'outputs.remove.textLive' : 'outputs.remove.text')}
      confirm={t('outputs.remove.confirm')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
