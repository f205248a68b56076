import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { Output } from '../../../lib/ffmpeg-types';
import { useSwitchOutputs } from '../api/use-outputs';

/** Asks before a show ends on other platforms. */
export function StopOutputs({ outputs, onClose }: { outputs: Output[]; onClose: () => void }) {
  const { t } = useTranslation();
  const stop = useSwitchOutputs();
  const count = outputs.length;
  return (
    <ConfirmModal
      title={t('outputs.stop.title', { count, label: outputs[0]?.label ?? '' })}
      text={t('outputs.stop.text', { count })}
      confirm={t('outputs.stop.confirm', { count })}
      pending={stop.isPending}
      error={stop.error}
      onConfirm={() => stop.mutate({ ids: outputs.map(({ id }) => id), on: false }, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
