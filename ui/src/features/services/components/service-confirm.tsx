import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import { Notice } from '../../../components/notice';
import type { HouseService } from '../../../lib/house-types';
import { useLive } from '../../../lib/use-live';
import type { ServiceChange, useChangeService } from '../api/use-services';
import { consequence } from '../service-words';

export type AskedAction = 'restart' | 'stop' | 'off' | 'upgrade' | 'rollback_image';

const WORDS = { restart: 'restart', stop: 'stop', off: 'off', upgrade: 'upgrade', rollback_image: 'rollback' } as const;

interface ServiceConfirmProps {
  action: AskedAction;
  service: HouseService;
  change: ReturnType<typeof useChangeService>;
  onClose: () => void;
}

/** Asks before something that people may notice, and says how. */
export function ServiceConfirm({ action, service: { name }, change, onClose }: ServiceConfirmProps) {
  const { t } = useTranslation();
  const live = useLive().streams?.length ?? 0;
  const words = WORDS[action];
  const cutsStreams = name === 'media' && live > 0;
  const wanted: ServiceChange = action === 'off' ? { action: 'enabled', name, enabled: false } : { action, name };
  return (
    <ConfirmModal
      title={t(`services.${words}.ask`, { name })}
      text={action === 'off' ? t('services.off.text') : consequence(name, t)}
      confirm={t(`services.${words}.do`)}
      pending={change.isPending}
      error={change.error}
      onConfirm={() => change.mutate({ ...wanted, ...(cutsStreams && { force: true }) }, { onSuccess: onClose })}
      onClose={onClose}
    >
      {action === 'stop' && <p style={{ margin: 0 }}>{t('services.stop.text')}</p>}
      {cutsStreams && <Notice tone="warn">{t('services.liveNow', { count: live })}</Notice>}
    </ConfirmModal>
  );
}
