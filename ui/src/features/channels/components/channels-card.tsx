import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Loaded } from '../../../components/loaded';
import type { Channel } from '../../../lib/ffmpeg-types';
import { useLiveChannels } from '../use-live-channels';
import { CameraDrawer } from './camera-drawer';
import { ChannelRow } from './channel-row';
import { RemoveChannel } from './remove-channel';
import { VliveDrawer, type UploadSlot } from './vlive-drawer';

interface ChannelsCardProps {
  kind: Channel['kind'];
  adding: boolean;
  onAdd: () => void;
  onAdded: () => void;
  /** Where own files are sent from. */
  uploads?: UploadSlot;
}

/** Every channel of a kind; adding one is asked for from outside, by the page's button, or from the empty list. */
export function ChannelsCard({ kind, adding, onAdd, onAdded, uploads }: ChannelsCardProps) {
  const { t } = useTranslation();
  const { query, channels } = useLiveChannels(kind);
  const [task, setTask] = useState<{ name: 'edit' | 'remove'; channel: Channel } | null>(null);
  const done = () => setTask(null);
  const drawer = (channel: Channel | null, onClose: () => void): ReactNode =>
    kind === 'camera' ? <CameraDrawer channel={channel} onClose={onClose} /> : <VliveDrawer channel={channel} uploads={uploads} onClose={onClose} />;
  return (
    <Card title={t(`channels.${kind}.list`)}>
      {channels === null ? (
        <Loaded query={query} rows={3}>
          {() => null}
        </Loaded>
      ) : channels.length === 0 ? (
        <EmptyState
          icon={kind === 'camera' ? 'camera' : 'channels'}
          title={t(`channels.${kind}.emptyTitle`)}
          text={t(`channels.${kind}.emptyText`)}
          action={<Button onClick={onAdd}>{t(`channels.${kind}.add`)}</Button>}
        />
      ) : (
        <ul style={{ margin: 0, padding: 0, listStyle: 'none' }}>
          {channels.map((channel) => (
            <ChannelRow
              key={channel.id}
              channel={channel}
              onEdit={() => setTask({ name: 'edit', channel })}
              onRemove={() => setTask({ name: 'remove', channel })}
            />
          ))}
        </ul>
      )}
      {adding && drawer(null, onAdded)}
      {task?.name === 'edit' && drawer(task.channel, done)}
      {task?.name === 'remove' && <RemoveChannel channel={task.channel} onClose={done} />}
    </Card>
  );
}
