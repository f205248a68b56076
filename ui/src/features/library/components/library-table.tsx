import { Checkbox } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { DataTable, type Column } from '../../../components/data-table';
import { TimeAgo } from '../../../components/time-ago';
import { formatBytes, formatClock } from '../../../lib/format';
import type { Recording } from '../../../lib/recording-types';
import { missingSeconds, nameOf, sizeOf } from '../recording-state';
import { DeletedIn } from './deleted-in';
import classes from './library-table.module.css';
import { Place } from './place';
import { Poster } from './poster';
import { RecordingBadge } from './recording-badge';
import { RecordingMenu } from './recording-menu';

interface LibraryTableProps {
  recordings: Recording[];
  chosen: ReadonlySet<string>;
  onChoose: (id: string, chosen: boolean) => void;
}

export function LibraryTable({ recordings, chosen, onChoose }: LibraryTableProps) {
  const { t } = useTranslation();
  const columns: Column<Recording>[] = [
    {
      key: 'title',
      head: t('recordings.list.recording'),
      kind: 'main',
      cell: (one) => (
        <div className={classes.main}>
          <Checkbox
            size="xs"
            aria-label={t('recordings.choose', { name: nameOf(one) })}
            checked={chosen.has(one.id)}
            disabled={one.state === 'recording'}
            onChange={(event) => onChoose(one.id, event.currentTarget.checked)}
          />
          <Poster recording={one} />
          <div>
            <Link className={classes.link} to="/recordings/$id" params={{ id: one.id }}>
              {nameOf(one)}
            </Link>
            <div className={classes.more}>
              {one.title && one.stream && <span>{one.url}</span>}
              {one.kind !== 'live' && <span>{t(`recordings.kind.${one.kind}`)}</span>}
              {one.tags.map((tag) => (
                <Link key={tag} className={classes.tag} to="/recordings" search={{ tag }}>
                  {tag}
                </Link>
              ))}
            </div>
          </div>
        </div>
      ),
    },
    { key: 'state', head: t('recordings.list.state'), cell: (one) => <RecordingBadge recording={one} /> },
    { key: 'started', head: t('recordings.list.started'), cell: (one) => <TimeAgo ms={one.started_ms} /> },
    { key: 'length', head: t('recordings.list.length'), cell: (one) => <Length recording={one} /> },
    { key: 'size', head: t('recordings.list.size'), cell: (one) => <span className={classes.whole}>{formatBytes(sizeOf(one))}</span> },
    {
      key: 'place',
      head: t('recordings.list.place'),
      cell: (one) => (
        <span className={classes.place}>
          <Place recording={one} />
          <DeletedIn recording={one} />
        </span>
      ),
    },
    { key: 'actions', head: t('recordings.list.actions'), kind: 'actions', cell: (one) => <RecordingMenu recording={one} /> },
  ];
  return <DataTable label={t('recordings.list.title')} columns={columns} rows={recordings} rowKey={({ id }) => id} step={Infinity} />;
}

function Length({ recording }: { recording: Recording }) {
  const { t } = useTranslation();
  const missing = missingSeconds(recording);
  return (
    <span className={classes.whole}>
      {formatClock(recording.duration_ms / 1000)}
      {missing > 0 && (
        <span className={classes.missing}>{t('recordings.list.missing', { time: missing.toFixed(missing < 10 ? 1 : 0) })}</span>
      )}
    </span>
  );
}
