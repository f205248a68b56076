import { ActionIcon, Menu } from '@mantine/core';
import type { ReactNode } from 'react';
import { Icon } from './icons';

/** What can be done with one row; `label` names the row. */
export function RowMenu({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Menu hideDetached={false} position="bottom-end" width={210} shadow="md" transitionProps={{ duration: 120 }}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={32} aria-label={label}>
          <Icon name="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  );
}
