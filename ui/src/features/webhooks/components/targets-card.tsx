import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Loaded } from '../../../components/loaded';
import type { HookDelivery, HookTarget } from '../../../lib/api-types';
import { targetsQuery } from '../api/use-webhooks';
import { TargetRow, type TargetTask } from './target-row';

const TargetDrawer = lazy(() => import('./target-drawer').then((module) => ({ default: module.TargetDrawer })));
const RotateTarget = lazy(() => import('./rotate-target').then((module) => ({ default: module.RotateTarget })));
const RemoveTarget = lazy(() => import('./remove-target').then((module) => ({ default: module.RemoveTarget })));

interface TargetsCardProps {
  adding: boolean;
  onAdd: () => void;
  onAdded: () => void;
  onShowLog: (targetId: string) => void;
  onShowDelivery: (delivery: HookDelivery) => void;
}

/** Every target; adding one is asked for from outside, by the page's button, or from the empty list. */
export function TargetsCard({ adding, onAdd, onAdded, onShowLog, onShowDelivery }: TargetsCardProps) {
  const { t } = useTranslation();
  const query = useQuery(targetsQuery);
  const [task, setTask] = useState<{ name: TargetTask; target: HookTarget } | null>(null);
  const done = () => setTask(null);
  const types = query.data?.types ?? [];
  return (
    <Card title={t('webhooks.targets')}>
      <Loaded query={query} rows={2}>
        {({ targets }) =>
          targets.length === 0 ? (
            <EmptyState
              icon="link"
              title={t('webhooks.empty.title')}
              text={t('webhooks.empty.text')}
              action={<Button onClick={onAdd}>{t('webhooks.add')}</Button>}
            />
          ) : (
            <ul style={{ margin: 0, padding: 0, listStyle: 'none' }}>
              {targets.map((target) => (
                <TargetRow
                  key={target.id}
                  target={target}
                  onTask={(name) => setTask({ name, target })}
                  onShowLog={() => onShowLog(target.id)}
                  onShowDelivery={onShowDelivery}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Suspense>
        {adding && query.data && <TargetDrawer target={null} types={types} onClose={onAdded} />}
        {task?.name === 'edit' && <TargetDrawer target={task.target} types={types} onClose={done} />}
        {task?.name === 'rotate' && <RotateTarget target={task.target} onClose={done} />}
        {task?.name === 'remove' && <RemoveTarget target={task.target} onClose={done} />}
      </Suspense>
    </Card>
  );
}
