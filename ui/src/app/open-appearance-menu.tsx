import { Menu } from '@mantine/core';
import { AppearanceButton } from './appearance-button';
import { AppearanceItems, LanguageItems } from './preference-items';

export function OpenAppearanceMenu() {
  return (
    <Menu defaultOpened hideDetached={false} position="bottom-end" width={200} shadow="md">
      <Menu.Target>
        <AppearanceButton />
      </Menu.Target>
      <Menu.Dropdown>
        <LanguageItems />
        <Menu.Divider />
        <AppearanceItems />
      </Menu.Dropdown>
    </Menu>
  );
}
