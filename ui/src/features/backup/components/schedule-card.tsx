import { Chip, Group, Input, NativeSelect, Radio, SimpleGrid, Stack, Switch, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { CountField, isCount } from '../../../components/count-field';
import { Loaded } from '../../../components/loaded';
import { Notice } from '../../../components/notice';
import { OptionSwitch } from '../../../components/option-switch';
import { SaveBar } from '../../../components/save-bar';
import { TimeAgo } from '../../../components/time-ago';
import type { Backup, BackupSchedule } from '../../../lib/house-types';
import { SHORTEST_PASSWORD } from '../../../lib/password-strength';
import { useDraft } from '../../../lib/use-draft';
import { dayName, isClock, WEEK, zones } from '../../../lib/weekdays';
import { backupScheduleQuery, useUpdateSchedule } from '../api/use-backup';
import { PassphraseField } from './passphrase-field';

const MOST_KEPT = 365;

/** Backups that are made without being asked for. */
export function ScheduleCard({ bucket }: { bucket: boolean }) {
  const { t } = useTranslation();
  const query = useQuery(backupScheduleQuery);
  return (
    <Card title={t('backup.schedule.title')}>
      <Loaded query={query} rows={4}>
        {(schedule) => <ScheduleForm schedule={schedule} bucket={bucket} />}
      </Loaded>
    </Card>
  );
}

function ScheduleForm({ schedule, bucket }: { schedule: BackupSchedule; bucket: boolean }) {
  const { t, i18n } = useTranslation();
  const daysId = useId();
  const update = useUpdateSchedule();
  const { enabled, at, zone, keep, to, recordings, passphrase_set } = schedule;
  const { value, changes, dirty, change } = useDraft({ enabled, at, zone, days: schedule.days.join(','), keep, to, recordings });
  const [passphrase, setPassphrase] = useState('');
  const [tried, setTried] = useState(false);
  const days = value.days === '' ? [] : value.days.split(',').map(Number);
  const short = passphrase !== '' ? passphrase.length < SHORTEST_PASSWORD : value.enabled && !passphrase_set;
  const wrong = short || !isClock(value.at) || !isCount(value.keep, MOST_KEPT, 1);
  const save = () => {
    setTried(true);
    if (wrong) return;
    const { days: _days, ...rest } = changes;
    update.mutate(
      { ...rest, ...(changes.days !== undefined && { days }), ...(passphrase !== '' && { passphrase }) },
      {
        onSuccess: () => {
          setPassphrase('');
          setTried(false);
        },
      },
    );
  };
  return (
    <Stack gap="lg">
      <Outcome schedule={schedule} />
      <Switch label={t('backup.schedule.enabled')} checked={value.enabled} onChange={(event) => change({ enabled: event.currentTarget.checked })} />
      {value.enabled && (
        <>
          <div role="group" aria-labelledby={daysId}>
            <Input.Label id={daysId} labelElement="div" mb={6}>
              {t('backup.schedule.days')}
            </Input.Label>
            <Chip.Group multiple value={days.map(String)} onChange={(chosen) => change({ days: WEEK.filter((day) => chosen.includes(String(day))).join(',') })}>
              <Group gap={6}>
                {WEEK.map((day) => (
                  <Chip key={day} size="xs" value={String(day)} aria-label={dayName(day, i18n.language, 'long')}>
                    {dayName(day, i18n.language, 'short')}
                  </Chip>
                ))}
              </Group>
            </Chip.Group>
            {days.length === 0 && <Input.Description mt={6}>{t('backup.schedule.everyDay')}</Input.Description>}
          </div>
          <SimpleGrid cols={{ base: 1, xs: 3 }} style={{ alignItems: 'start' }}>
            <TextInput
              type="time"
              label={t('backup.schedule.at')}
              value={value.at}
              onChange={(event) => change({ at: event.currentTarget.value })}
              error={tried && !isClock(value.at) ? t('week.timeMissing') : undefined}
            />
            <NativeSelect label={t('week.zone')} value={value.zone} data={zones(value.zone)} onChange={(event) => change({ zone: event.currentTarget.value })} />
            <CountField label={t('backup.schedule.keep')} value={value.keep} least={1} most={MOST_KEPT} onChange={(count) => change({ keep: count })} />
          </SimpleGrid>
          <Radio.Group label={t('backup.create.to')} value={value.to} onChange={(place) => change({ to: place as Backup['where'] })}>
            <Stack gap={10} mt={8}>
              <Radio value="file" label={t('backup.places.file')} description={t('backup.create.fileHint')} />
              <Radio
                value="bucket"
                disabled={!bucket && value.to !== 'bucket'}
                label={t('backup.places.bucket')}
                description={t(bucket ? 'backup.create.bucketHint' : 'backup.create.noBucket')}
              />
            </Stack>
          </Radio.Group>
          <OptionSwitch label={t('backup.create.recordings')} hint={t('backup.create.recordingsHint')} checked={value.recordings} onChange={(on) => change({ recordings: on })} />
          <PassphraseField
            fresh
            label={t('backup.passphrase')}
            description={t(passphrase_set ? 'backup.schedule.passphraseKept' : 'backup.schedule.passphraseHint')}
            placeholder={passphrase_set ? '••••••••' : undefined}
            value={passphrase}
            error={tried && short ? t('password.tooShort', { count: SHORTEST_PASSWORD }) : undefined}
            onChange={setPassphrase}
          />
          {!passphrase_set && <Notice tone="warn">{t('backup.create.lost')}</Notice>}
        </>
      )}
      <SaveBar label={t('backup.schedule.save')} dirty={dirty || passphrase !== ''} pending={update.isPending} saved={update.isSuccess} error={update.error} onSave={save} />
    </Stack>
  );
}

function Outcome({ schedule: { enabled, next_ms, last_at_ms, last_ok, last_error } }: { schedule: BackupSchedule }) {
  const { t } = useTranslation();
  if (last_ok === false) {
    return (
      <Notice tone="error" role="alert" title={t('backup.schedule.failed')}>
        {last_at_ms !== null && (
          <p>
            <TimeAgo ms={last_at_ms} />
          </p>
        )}
        <p>{last_error}</p>
      </Notice>
    );
  }
  if (!enabled) return <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('backup.schedule.text')}</p>;
  return (
    <p style={{ margin: 0, color: 'var(--ss-dim)' }}>
      {next_ms !== null && (
        <>
          {t('backup.schedule.next')} <TimeAgo ms={next_ms} />.{' '}
        </>
      )}
      {last_at_ms !== null && (
        <>
          {t('backup.schedule.last')} <TimeAgo ms={last_at_ms} />.
        </>
      )}
    </p>
  );
}
