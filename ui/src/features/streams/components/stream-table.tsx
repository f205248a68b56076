import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { DataTable, type Column } from '../../../components/data-table';
import { TimeAgo } from '../../../components/time-ago';
import type { StreamRow } from '../stream-rows';
import { RowState } from './row-state';
import classes from './stream-list.module.css';
import { StreamMenu } from './stream-menu';

export function StreamTable({ rows }: { rows: StreamRow[] }) {
  const { t } = useTranslation();
  const columns: Column<StreamRow>[] = [
    {
      key: 'stream',
      head: t('streams.list.stream'),
      kind: 'main',
      compare: (a, b) => a.url.localeCompare(b.url),
      cell: (row) => (
        <>
          <Link className={classes.link} to="/streams/$app/$stream" params={{ app: row.app, stream: row.stream }}>
            {row.url}
          </Link>
          {row.known?.title && <div className={classes.title}>{row.known.title}</div>}
        </>
      ),
    },
    { key: 'state', head: t('streams.list.state'), cell: (row) => <RowState row={row} /> },
    {
      key: 'viewers',
      head: t('streams.list.viewers'),
      compare: (a, b) => viewersOf(a) - viewersOf(b),
      cell: (row) => row.live?.viewers.total ?? '–',
    },
    {
      key: 'added',
      head: t('streams.list.added'),
      compare: (a, b) => (a.known?.created_ms ?? 0) - (b.known?.created_ms ?? 0),
      cell: (row) => (row.known ? <TimeAgo ms={row.known.created_ms} /> : '–'),
    },
    { key: 'actions', head: t('streams.list.actions'), kind: 'actions', cell: (row) => <StreamMenu row={row} /> },
  ];
  return <DataTable label={t('streams.list.title')} columns={columns} rows={rows} rowKey={(row) => row.url} />;
}

function viewersOf(row: StreamRow): number {
  return row.live?.viewers.total ?? -1;
}
