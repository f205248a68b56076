import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { KnownStream } from '../../../lib/api-types';
import { useUpdateStream } from '../api/use-known-streams';

export function SwitchOffStream({ stream, onClose }: { stream: KnownStream; onClose: () => void }) {
  const { t } = useTranslation();
  const update = useUpdateStream();
  return (
    <ConfirmModal
      title={t('streams.switchOff.title', { url: stream.url })}
      text={t('streams.switchOff.text')}
      confirm={t('streams.switchOff.confirm')}
      pending={update.isPending}
      error={update.error}
      onConfirm={() => update.mutate({ app: stream.app, stream: stream.stream, enabled: false }, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
