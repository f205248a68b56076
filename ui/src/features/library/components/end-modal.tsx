import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { Recording } from '../../../lib/recording-types';
import { useEndRecording } from '../api/use-library';
import { nameOf } from '../recording-state';

export function EndModal({ recording, onClose }: { recording: Recording; onClose: () => void }) {
  const { t } = useTranslation();
  const end = useEndRecording(recording.id);
  return (
    <ConfirmModal
      title={t('recordings.end.title', { name: nameOf(recording) })}
      text={t('recordings.end.text')}
      confirm={t('recordings.end.confirm')}
      pending={end.isPending}
      error={end.error}
      onConfirm={() => end.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
