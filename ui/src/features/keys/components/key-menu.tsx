import { Menu } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';
import type { NewKey, PublishKey } from '../../../lib/api-types';
import { useRevokeKey, useRotateKey } from '../api/use-keys';
import { EditKeyModal } from './edit-key-modal';

interface KeyMenuProps {
  of: PublishKey;
  onRotated: (fresh: NewKey) => void;
}

export function KeyMenu({ of, onRotated }: KeyMenuProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<'edit' | 'rotate' | 'revoke' | null>(null);
  const rotate = useRotateKey();
  const revoke = useRevokeKey();
  const close = () => {
    setOpen(null);
    rotate.reset();
    revoke.reset();
  };
  return (
    <>
      <RowMenu label={t('keys.actionsFor', { label: of.label })}>
        <Menu.Item leftSection={<Icon name="edit" />} onClick={() => setOpen('edit')}>
          {t('keys.edit.open')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="rotate" />} onClick={() => setOpen('rotate')}>
          {t('keys.rotate.open')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item color="var(--ss-error)" leftSection={<Icon name="trash" />} onClick={() => setOpen('revoke')}>
          {t('keys.revoke.open')}
        </Menu.Item>
      </RowMenu>
      {open === 'edit' && <EditKeyModal of={of} onClose={close} />}
      {open === 'rotate' && (
        <ConfirmModal
          title={t('keys.rotate.title', { label: of.label })}
          text={t('keys.rotate.text')}
          confirm={t('keys.rotate.confirm')}
          pending={rotate.isPending}
          error={rotate.error}
          onConfirm={() =>
            rotate.mutate(
              { id: of.id },
              {
                onSuccess: (fresh) => {
                  close();
                  onRotated(fresh);
                },
              },
            )
          }
          onClose={close}
        />
      )}
      {open === 'revoke' && (
        <ConfirmModal
          title={t('keys.revoke.title', { label: of.label })}
          text={t('keys.revoke.text')}
          confirm={t('keys.revoke.confirm')}
          pending={revoke.isPending}
          error={revoke.error}
          onConfirm={() => revoke.mutate({ id: of.id }, { onSuccess: close })}
          onClose={close}
        />
      )}
    </>
  );
}
