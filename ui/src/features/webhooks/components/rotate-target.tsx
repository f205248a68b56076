import { Drawer } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { HookTarget } from '../../../lib/api-types';
import { useRotateTarget } from '../api/use-webhooks';
import { SecretView } from './secret-view';

/** Asks, then shows the new secret once. */
export function RotateTarget({ target, onClose }: { target: HookTarget; onClose: () => void }) {
  const { t } = useTranslation();
  const rotate = useRotateTarget();
  if (rotate.data) {
    return (
      <Drawer
        opened
        size="lg"
        onClose={onClose}
        closeOnClickOutside={false}
        title={t('webhooks.secret.title', { label: target.label })}
        closeButtonProps={{ 'aria-label': t('common.close') }}
      >
        <SecretView secret={rotate.data.secret} onDone={onClose} />
      </Drawer>
    );
  }
  return (
    <ConfirmModal
      title={t('webhooks.rotate.title', { label: target.label })}
      text={t('webhooks.rotate.text')}
      confirm={t('webhooks.rotate.confirm')}
      pending={rotate.isPending}
      error={rotate.error}
      onConfirm={() => rotate.mutate(target.id)}
      onClose={onClose}
    />
  );
}
