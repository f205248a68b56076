import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Icon } from '../../../components/icons';
import { Loaded } from '../../../components/loaded';
import type { NotifyTarget } from '../../../lib/monitor-types';
import { notifyQuery } from '../api/use-notify';
import { NotifyRow } from './notify-row';

const NotifyDrawer = lazy(() => import('./notify-drawer').then((module) => ({ default: module.NotifyDrawer })));
const RemoveNotify = lazy(() => import('./remove-notify').then((module) => ({ default: module.RemoveNotify })));

type Task = { name: 'add' } | { name: 'edit' | 'remove'; target: NotifyTarget };

/** Who is told when something is wrong. */
export function NotifyCard() {
  const { t } = useTranslation();
  const query = useQuery(notifyQuery);
  const [task, setTask] = useState<Task | null>(null);
  const done = () => setTask(null);
  const add = () => setTask({ name: 'add' });
  const kinds = query.data?.kinds ?? [];
  return (
    <Card
      title={t('notify.title')}
      aside={
        query.data &&
        query.data.targets.length > 0 && (
          <Button size="compact-md" variant="default" leftSection={<Icon name="plus" size={16} />} onClick={add}>
            {t('notify.add')}
          </Button>
        )
      }
    >
      <Loaded query={query} rows={2}>
        {({ targets }) =>
          targets.length === 0 ? (
            <EmptyState icon="bell" title={t('notify.empty')} text={t('notify.emptyText')} action={<Button onClick={add}>{t('notify.add')}</Button>} />
          ) : (
            <ul style={{ margin: 0, padding: 0, listStyle: 'none' }}>
              {targets.map((target) => (
                <NotifyRow key={target.id} target={target} onEdit={() => setTask({ name: 'edit', target })} onRemove={() => setTask({ name: 'remove', target })} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Suspense>
        {task?.name === 'add' && <NotifyDrawer target={null} kinds={kinds} onClose={done} />}
        {task?.name === 'edit' && <NotifyDrawer target={task.target} kinds={kinds} onClose={done} />}
        {task?.name === 'remove' && <RemoveNotify target={task.target} onClose={done} />}
      </Suspense>
    </Card>
  );
}
