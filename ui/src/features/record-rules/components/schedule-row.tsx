import { Menu, Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';
import { TimeAgo } from '../../../components/time-ago';
import type { Schedule } from '../../../lib/recording-types';
import { daysText } from '../../../lib/weekdays';
import { useUpdateSchedule } from '../api/use-record-rules';
import classes from './schedule-row.module.css';

interface ScheduleRowProps {
  schedule: Schedule;
  onEdit: () => void;
  onRemove: () => void;
}

/** One schedule: when, what, and the next time. */
export function ScheduleRow({ schedule, onEdit, onRemove }: ScheduleRowProps) {
  const { t, i18n } = useTranslation();
  const update = useUpdateSchedule();
  const { id, label, glob, days, start, end, zone, enabled, next_ms } = schedule;
  const checked = update.isPending ? (update.variables.enabled ?? enabled) : enabled;
  return (
    <li className={classes.row}>
      <Switch
        aria-label={t('recordRules.schedules.enable', { label })}
        checked={checked}
        disabled={update.isPending}
        onChange={(event) => update.mutate({ id, enabled: event.currentTarget.checked })}
      />
      <div style={{ minWidth: 0 }}>
        <h3 className={classes.name}>{label}</h3>
        <div className={classes.facts}>
          <span>
            {daysText(days, i18n.language)} {start === end ? t('recordRules.schedules.allDay') : `${start}–${end}`}
          </span>
          <span>{zone}</span>
          <span className={classes.glob}>{glob}</span>
        </div>
        {checked && next_ms !== null && (
          <div className={classes.facts}>
            <span>
              {t('recordRules.schedules.next')} <TimeAgo ms={next_ms} /> · {nextText(next_ms, i18n.language)}
            </span>
          </div>
        )}
        {update.error && <HelpfulError error={update.error} />}
      </div>
      <RowMenu label={t('recordRules.schedules.menu', { label })}>
        <Menu.Item leftSection={<Icon name="edit" />} onClick={onEdit}>
          {t('recordRules.schedules.edit')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="trash" />} color="var(--ss-error)" onClick={onRemove}>
          {t('recordRules.schedules.remove')}
        </Menu.Item>
      </RowMenu>
    </li>
  );
}

/** In the zone of who reads it. */
function nextText(ms: number, language: string): string {
  return new Intl.DateTimeFormat(language, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }).format(ms);
}
