import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Icon } from '../../../components/icons';
import { ConfirmModal } from '../../../components/lazy-confirm';
import { Loaded } from '../../../components/loaded';
import type { Schedule } from '../../../lib/recording-types';
import { schedulesQuery, useRemoveSchedule } from '../api/use-record-rules';
import { ScheduleModal } from './schedule-modal';
import { ScheduleRow } from './schedule-row';

/** Times at which streams are recorded by themselves. */
export function SchedulesCard() {
  const { t } = useTranslation();
  const query = useQuery(schedulesQuery);
  const remove = useRemoveSchedule();
  const [edited, setEdited] = useState<Schedule | 'new' | null>(null);
  const [removed, setRemoved] = useState<Schedule | null>(null);
  return (
    <Card
      title={t('recordRules.schedules.title')}
      aside={
        query.data &&
        query.data.length > 0 && (
          <Button size="compact-md" variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setEdited('new')}>
            {t('recordRules.schedules.add')}
          </Button>
        )
      }
    >
      <Loaded query={query} rows={2}>
        {(schedules) =>
          schedules.length === 0 ? (
            <EmptyState
              icon="calendar"
              title={t('recordRules.schedules.empty')}
              text={t('recordRules.schedules.emptyText')}
              action={<Button onClick={() => setEdited('new')}>{t('recordRules.schedules.add')}</Button>}
            />
          ) : (
            <ul style={{ margin: 0, padding: 0, listStyle: 'none' }}>
              {schedules.map((one) => (
                <ScheduleRow key={one.id} schedule={one} onEdit={() => setEdited(one)} onRemove={() => setRemoved(one)} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {edited && <ScheduleModal schedule={edited === 'new' ? null : edited} onClose={() => setEdited(null)} />}
      <Suspense>
        {removed && (
          <ConfirmModal
            title={t('recordRules.schedules.removeTitle', { label: removed.label })}
            text={t('recordRules.schedules.removeText')}
            confirm={t('recordRules.schedules.removeConfirm')}
            pending={remove.isPending}
            error={remove.error}
            onConfirm={() => remove.mutate(removed.id, { onSuccess: () => setRemoved(null) })}
            onClose={() => setRemoved(null)}
          />
        )}
      </Suspense>
    </Card>
  );
}
