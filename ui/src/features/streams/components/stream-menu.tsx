import { Menu } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';
import { useUpdateStream } from '../api/use-known-streams';
import type { StreamRow } from '../stream-rows';
import { AddStreamModal } from './add-stream-modal';
import { EditStreamModal } from './edit-stream-modal';
import { RemoveStream } from './remove-stream';
import { SwitchOffStream } from './switch-off-stream';

/** What can be done with a stream, added or only live. */
export function StreamMenu({ row, onRemoved }: { row: StreamRow; onRemoved?: () => void }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<'add' | 'edit' | 'off' | 'remove' | null>(null);
  const update = useUpdateStream();
  const { known } = row;
  const close = () => setOpen(null);
  return (
    <>
      <RowMenu label={t('streams.list.actionsFor', { url: row.url })}>
        {known ? (
          <>
            <Menu.Item leftSection={<Icon name="edit" />} onClick={() => setOpen('edit')}>
              {t('streams.edit.open')}
            </Menu.Item>
            {known.enabled ? (
              <Menu.Item leftSection={<Icon name="off" />} onClick={() => setOpen('off')}>
                {t('streams.switchOff.open')}
              </Menu.Item>
            ) : (
              <Menu.Item leftSection={<Icon name="check" />} onClick={() => update.mutate({ app: row.app, stream: row.stream, enabled: true })}>
                {t('streams.switchOn')}
              </Menu.Item>
            )}
            <Menu.Divider />
            <Menu.Item color="var(--ss-error)" leftSection={<Icon name="trash" />} onClick={() => setOpen('remove')}>
              {t('streams.remove.open')}
            </Menu.Item>
          </>
        ) : (
          <Menu.Item leftSection={<Icon name="plus" />} onClick={() => setOpen('add')}>
            {t('streams.add.toList')}
          </Menu.Item>
        )}
      </RowMenu>
      {open === 'add' && <AddStreamModal of={row} onClose={close} />}
      {open === 'edit' && known && <EditStreamModal stream={known} onClose={close} />}
      {open === 'off' && known && <SwitchOffStream stream={known} onClose={close} />}
      {open === 'remove' && known && <RemoveStream stream={known} onClose={close} onRemoved={onRemoved} />}
    </>
  );
}
