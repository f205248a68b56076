import { Menu } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';

export type OutputTask = 'edit' | 'duplicate' | 'test' | 'log' | 'stop' | 'remove';

interface OutputMenuProps {
  label: string;
  onMove: { up: (() => void) | null; down: (() => void) | null } | null;
  onTask: (task: OutputTask) => void;
}

const ITEMS = [
  { task: 'edit', icon: 'edit' },
  { task: 'test', icon: 'play' },
  { task: 'log', icon: 'info' },
  { task: 'duplicate', icon: 'copy' },
] as const;

export function OutputMenu({ label, onMove, onTask }: OutputMenuProps) {
  const { t } = useTranslation();
  return (
    <RowMenu label={t('outputs.card.menu', { label })}>
      {ITEMS.map(({ task, icon }) => (
        <Menu.Item key={task} leftSection={<Icon name={icon} />} onClick={() => onTask(task)}>
          {t(`outputs.menu.${task}`)}
        </Menu.Item>
      ))}
      {onMove?.up && (
        <Menu.Item leftSection={<Icon name="up" />} onClick={onMove.up}>
          {t('outputs.menu.up')}
        </Menu.Item>
      )}
      {onMove?.down && (
        <Menu.Item leftSection={<Icon name="down" />} onClick={onMove.down}>
          {t('outputs.menu.down')}
        </Menu.Item>
      )}
      <Menu.Divider />
      <Menu.Item leftSection={<Icon name="trash" />} color="var(--ss-error)" onClick={() => onTask('remove')}>
        {t('outputs.menu.remove')}
      </Menu.Item>
    </RowMenu>
  );
}
