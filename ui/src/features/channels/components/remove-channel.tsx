import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { Channel } from '../../../lib/ffmpeg-types';
import { useRemoveChannel } from '../api/use-channels';

export function RemoveChannel({ channel: { id, kind, label }, onClose }: { channel: Channel; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemoveChannel();
  const camera = kind === 'camera';
  return (
    <ConfirmModal
      title={t('channels.remove.title', { label })}
      text={t(camera ? 'channels.remove.textCamera' : 'channels.remove.text')}
      confirm={t(camera ? 'channels.remove.confirmCamera' : 'channels.remove.confirm')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
