import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { ConfirmModal } from '../../../components/confirm-modal';
import { EmptyState } from '../../../components/empty-state';
import { Loaded } from '../../../components/loaded';
import type { Machine, Transcode } from '../../../lib/ffmpeg-types';
import { useRemoveTranscode } from '../api/use-transcode';
import { useLiveTranscodes } from '../use-live-transcodes';
import { LadderDrawer } from './ladder-drawer';
import { LadderRow } from './ladder-row';

interface LaddersCardProps {
  adding: boolean;
  onAdd: () => void;
  onAdded: () => void;
}

const NO_MACHINE: Machine = { cores: 0, speed_1080p30: 0, hardware: [], free_percent: 0 };

/** Every ladder; adding one is asked for from outside, by the page's button, or from the empty list. */
export function LaddersCard({ adding, onAdd, onAdded }: LaddersCardProps) {
  const { t } = useTranslation();
  const { query, transcodes } = useLiveTranscodes();
  const [task, setTask] = useState<{ name: 'edit' | 'remove'; ladder: Transcode } | null>(null);
  const done = () => setTask(null);
  const machine = query.data?.machine ?? NO_MACHINE;
  return (
    <Card title={t('transcode.list')}>
      {transcodes === null ? (
        <Loaded query={query} rows={3}>
          {() => null}
        </Loaded>
      ) : transcodes.length === 0 ? (
        <EmptyState icon="layers" title={t('transcode.emptyTitle')} text={t('transcode.emptyText')} action={<Button onClick={onAdd}>{t('transcode.add')}</Button>} />
      ) : (
        <ul style={{ margin: 0, padding: 0, listStyle: 'none' }}>
          {transcodes.map((ladder) => (
            <LadderRow key={ladder.id} ladder={ladder} onEdit={() => setTask({ name: 'edit', ladder })} onRemove={() => setTask({ name: 'remove', ladder })} />
          ))}
        </ul>
      )}
      {adding && <LadderDrawer ladder={null} machine={machine} onClose={onAdded} />}
      {task?.name === 'edit' && <LadderDrawer ladder={task.ladder} machine={machine} onClose={done} />}
      {task?.name === 'remove' && <RemoveLadder ladder={task.ladder} onClose={done} />}
    </Card>
  );
}

function RemoveLadder({ ladder: { id, app, stream, label }, onClose }: { ladder: Transcode; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemoveTranscode();
  return (
    <ConfirmModal
      title={t('transcode.remove.title', { label: label || `${app}/${stream}` })}
      text={t('transcode.remove.text')}
      confirm={t('transcode.remove.confirm')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(id, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
