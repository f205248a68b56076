import { Menu } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../components/icons';
import { useSignOut } from '../../features/account/api/use-account';
import { ChangePasswordModal } from '../../features/account/components/change-password-modal';
import { AppearanceItems, LanguageItems } from '../preference-items';
import { AccountButton } from './account-button';

/** The account menu from its first opening on. */
export function OpenAccountMenu({ className }: { className: string | undefined }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const [changing, setChanging] = useState(false);
  return (
    <>
      <Menu defaultOpened hideDetached={false} position="right-end" width={220} shadow="md" transitionProps={{ duration: 120 }}>
        <Menu.Target>
          <AccountButton className={className} />
        </Menu.Target>
        <Menu.Dropdown>
          <LanguageItems />
          <Menu.Divider />
          <AppearanceItems />
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="lock" />} onClick={() => setChanging(true)}>
            {t('password.change')}
          </Menu.Item>
          <Menu.Item
            leftSection={<Icon name="signOut" />}
            disabled={signOut.isPending}
            onClick={() => signOut.mutate(undefined, { onSettled: () => void navigate({ to: '/sign-in' }) })}
          >
            {t('nav.signOut')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {changing && <ChangePasswordModal onClose={() => setChanging(false)} />}
    </>
  );
}
