import { Button, Group, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { CheckList } from '../../../components/check-list';
import { HelpfulError } from '../../../components/helpful-error';
import { TimeAgo } from '../../../components/time-ago';
import { doctorQuery } from '../api/use-settings';

const WORST_FIRST = ['fail', 'warn', 'ok'];

/** Looks over the whole machine when asked to. */
export function DoctorCard() {
  const { t } = useTranslation();
  const [wanted, setWanted] = useState(false);
  const doctor = useQuery({ ...doctorQuery, enabled: wanted });
  const { data: report, isFetching, error } = doctor;
  const items = report?.items.toSorted((a, b) => WORST_FIRST.indexOf(a.level) - WORST_FIRST.indexOf(b.level));
  const run = () => {
    if (wanted || report) void doctor.refetch();
    setWanted(true);
  };
  return (
    <Card
      title={t('settings.doctor.title')}
      aside={
        <Button variant="default" loading={isFetching} onClick={run}>
          {t(report ? 'settings.doctor.again' : 'settings.doctor.run')}
        </Button>
      }
    >
      {!report && !isFetching && !error && <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('settings.doctor.text')}</p>}
      {isFetching && (
        <Group gap="sm" role="status" mb={8}>
          <Loader size={16} />
          {t('settings.doctor.running')}
        </Group>
      )}
      {error && <HelpfulError error={error} onRetry={run} />}
      {items && report && (
        <>
          <p style={{ margin: '0 0 8px', color: 'var(--ss-dim)' }}>
            {t(summaryKey(items), { count: items.filter(({ level }) => level !== 'ok').length })} <TimeAgo ms={report.at_ms} />
          </p>
          <CheckList label={t('settings.doctor.found')} items={items.map((item) => ({ ...item, title: t(`settings.doctor.items.${item.id}` as 'settings.doctor.items.clock', { defaultValue: item.title }) }))} words={(level) => t(`settings.level.${level}` as 'settings.level.ok', { defaultValue: level })} />
        </>
      )}
    </Card>
  );
}

function summaryKey(items: { level: string }[]) {
  return items.every(({ level }) => level === 'ok') ? 'settings.doctor.well' : 'settings.doctor.trouble';
}
