import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Loaded } from '../../../components/loaded';
import { storageTargetsQuery } from '../../../lib/recording-queries';
import type { StorageTarget } from '../../../lib/recording-types';
import { providerName } from '../provider-words';
import { RemoveTarget } from './remove-target';
import { TargetDrawer } from './target-drawer';
import { TargetRow } from './target-row';

interface TargetsCardProps {
  adding: boolean;
  onAdd: () => void;
  onAdded: () => void;
}

/** Every bucket; adding one is asked for from outside, by the page's button, or from the empty list. */
export function TargetsCard({ adding, onAdd, onAdded }: TargetsCardProps) {
  const { t } = useTranslation();
  const query = useQuery(storageTargetsQuery);
  const [task, setTask] = useState<{ name: 'edit' | 'remove'; target: StorageTarget } | null>(null);
  const done = () => setTask(null);
  const presets = query.data?.presets ?? [];
  return (
    <Card title={t('storage.targets')}>
      <Loaded query={query} rows={2}>
        {({ targets }) =>
          targets.length === 0 ? (
            <EmptyState icon="bucket" title={t('storage.empty.title')} text={t('storage.empty.text')} action={<Button onClick={onAdd}>{t('storage.add')}</Button>} />
          ) : (
            <ul style={{ margin: 0, padding: 0, listStyle: 'none' }}>
              {targets.map((target) => (
                <TargetRow
                  key={target.id}
                  target={target}
                  provider={providerName(target.provider, presets, t)}
                  onEdit={() => setTask({ name: 'edit', target })}
                  onRemove={() => setTask({ name: 'remove', target })}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
      {adding && query.data && <TargetDrawer target={null} presets={presets} onClose={onAdded} />}
      {task?.name === 'edit' && <TargetDrawer target={task.target} presets={presets} onClose={done} />}
      {task?.name === 'remove' && <RemoveTarget target={task.target} onClose={done} />}
    </Card>
  );
}
