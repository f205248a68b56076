import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { KnownStream } from '../../../lib/api-types';
import { useRemoveStream } from '../api/use-known-streams';

interface RemoveStreamProps {
  stream: KnownStream;
  onRemoved?: (() => void) | undefined;
  onClose: () => void;
}

export function RemoveStream({ stream, onRemoved, onClose }: RemoveStreamProps) {
  const { t } = useTranslation();
  const remove = useRemoveStream();
  const done = () => {
    onClose();
    onRemoved?.();
  };
  return (
    <ConfirmModal
      title={t('streams.remove.title', { url: stream.url })}
      text={t('streams.remove.text')}
      confirm={t('streams.remove.confirm')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(stream, { onSuccess: done })}
      onClose={onClose}
    />
  );
}
