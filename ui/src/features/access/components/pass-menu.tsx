import { Menu } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';
import type { Pass } from '../../../lib/api-types';
import { useRevokePass } from '../api/use-passes';

interface PassMenuProps {
  of: Pass;
  /** It still opens something. */
  usable: boolean;
  onShowLinks: (pass: Pass) => void;
}

export function PassMenu({ of, usable, onShowLinks }: PassMenuProps) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const revoke = useRevokePass();
  const close = () => {
    setAsking(false);
    revoke.reset();
  };
  return (
    <>
      <RowMenu label={t('passes.actionsFor', { label: of.label })}>
        <Menu.Item leftSection={<Icon name="link" />} disabled={!usable} onClick={() => onShowLinks(of)}>
          {t('passes.links.open')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item color="var(--ss-error)" leftSection={<Icon name="trash" />} disabled={of.revoked} onClick={() => setAsking(true)}>
          {t('passes.revoke.open')}
        </Menu.Item>
      </RowMenu>
      {asking && (
        <ConfirmModal
          title={t('passes.revoke.title', { label: of.label })}
          text={t('passes.revoke.text')}
          confirm={t('passes.revoke.confirm')}
          pending={revoke.isPending}
          error={revoke.error}
          onConfirm={() => revoke.mutate(of.id, { onSuccess: close })}
          onClose={close}
        />
      )}
    </>
  );
}
