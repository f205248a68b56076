import { Menu } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';
import type { Recording } from '../../../lib/recording-types';
import { vodUrls } from '../../../lib/vod-urls';
import { useRetry, useUpdateRecording } from '../api/use-library';
import { nameOf } from '../recording-state';
import { DeleteModal } from './delete-modal';
import { EndModal } from './end-modal';

interface RecordingMenuProps {
  recording: Recording;
  onDeleted?: () => void;
}

/** What can be done with one recording. */
export function RecordingMenu({ recording, onDeleted }: RecordingMenuProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<'delete' | 'end' | null>(null);
  const update = useUpdateRecording(recording.id);
  const retry = useRetry(recording.id);
  const { watch, download } = vodUrls(recording.id);
  const close = () => setOpen(null);
  const underWay = recording.state === 'recording';
  const rests = recording.state === 'ready' || recording.state === 'failed';
  return (
    <>
      <RowMenu label={t('recordings.menu.of', { name: nameOf(recording) })}>
        <Menu.Item component="a" href={watch} target="_blank" rel="noopener" leftSection={<Icon name="open" />}>
          {t('recordings.menu.watch')}
        </Menu.Item>
        {recording.mp4 === 'ready' && (
          <Menu.Item component="a" href={download} leftSection={<Icon name="download" />}>
            {t('recordings.menu.download')}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<Icon name="lock" />} onClick={() => update.mutate({ keep: !recording.keep })}>
          {t(recording.keep ? 'recordings.menu.unkeep' : 'recordings.menu.keep')}
        </Menu.Item>
        {underWay && (
          <Menu.Item leftSection={<Icon name="off" />} onClick={() => setOpen('end')}>
            {t('recordings.menu.end')}
          </Menu.Item>
        )}
        {rests && recording.mp4 !== 'making' && recording.mp4 !== 'waiting' && (
          <Menu.Item leftSection={<Icon name="rotate" />} onClick={() => retry.mutate('mp4')}>
            {t(recording.mp4 === 'off' ? 'recordings.menu.mp4' : 'recordings.menu.mp4Again')}
          </Menu.Item>
        )}
        {rests && (
          <Menu.Item leftSection={<Icon name="rotate" />} onClick={() => retry.mutate('thumbnails')}>
            {t('recordings.menu.thumbnails')}
          </Menu.Item>
        )}
        <Menu.Divider />
        <Menu.Item color="var(--ss-error)" leftSection={<Icon name="trash" />} disabled={underWay} onClick={() => setOpen('delete')}>
          {t('recordings.menu.delete')}
        </Menu.Item>
      </RowMenu>
      {open === 'delete' && <DeleteModal recordings={[recording]} onClose={close} onDeleted={() => onDeleted?.()} />}
      {open === 'end' && <EndModal recording={recording} onClose={close} />}
    </>
  );
}
