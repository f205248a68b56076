import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import { formatDateTime } from '../../../lib/format';
import type { Certificate } from '../../../lib/house-types';
import { useRollbackCertificate, useSelfSigned } from '../api/use-https';

export function SelfSigned({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const make = useSelfSigned();
  return (
    <ConfirmModal
      title={t('https.self.title')}
      text={t('https.self.text')}
      confirm={t('https.self.confirm')}
      pending={make.isPending}
      error={make.error}
      onConfirm={() => make.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

/** Back to the certificate before the present one. */
export function PreviousCertificate({ previous, onClose }: { previous: NonNullable<Certificate['previous']>; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const rollback = useRollbackCertificate();
  return (
    <ConfirmModal
      title={t('https.previous.title')}
      text={t('https.previous.text', { domains: previous.domains.join(', '), date: formatDateTime(previous.not_after_ms, i18n.language) })}
      confirm={t('https.previous.confirm')}
      pending={rollback.isPending}
      error={rollback.error}
      onConfirm={() => rollback.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
