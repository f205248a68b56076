import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './data-table.module.css';

export interface Column<T> {
  key: string;
  head: string;
  cell: (row: T) => ReactNode;
  /** Makes the column one to sort by; the order of a click on its head. */
  compare?: (a: T, b: T) => number;
  /** `main` leads the card on a phone; `actions` keeps to its right edge; else `head` names the value there. */
  kind?: 'main' | 'actions';
}

interface DataTableProps<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  /** Shown dimmed: no longer in force. */
  faded?: (row: T) => boolean;
  /** So many rows at first, and more with each click; Infinity where the rows come in pages. */
  step?: number;
}

/** Rows under heads to sort by; each row a card on a phone. Long lists grow on demand. */
export function DataTable<T>({ label, columns, rows, rowKey, faded, step = 50 }: DataTableProps<T>) {
  const { t } = useTranslation();
  const [order, setOrder] = useState<{ key: string; down: boolean } | null>(null);
  const [shown, setShown] = useState(step);
  const sorted = inOrder(rows, columns, order);
  const sortBy = (key: string) => setOrder(order?.key === key ? { key, down: !order.down } : { key, down: false });

  return (
    <>
      <table className={classes.table} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" data-kind={column.kind} aria-sort={ariaSort(column, order)}>
                {column.compare ? (
                  <button type="button" className={classes.sort} onClick={() => sortBy(column.key)}>
                    {column.head}
                    <span aria-hidden="true">{order?.key === column.key ? (order.down ? '↓' : '↑') : ''}</span>
                  </button>
                ) : (
                  <span className={column.kind === 'actions' ? classes.unseen : undefined}>{column.head}</span>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, shown).map((row) => (
            <tr key={rowKey(row)} data-faded={faded?.(row) || undefined}>
              {columns.map((column) => (
                <td key={column.key} data-kind={column.kind} data-label={column.kind ? undefined : column.head}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown && (
        <Button mt={12} variant="default" onClick={() => setShown(shown + step)}>
          {t('table.more', { count: rows.length - shown })}
        </Button>
      )}
    </>
  );
}

function inOrder<T>(rows: T[], columns: Column<T>[], order: { key: string; down: boolean } | null): T[] {
  const compare = columns.find((column) => column.key === order?.key)?.compare;
  if (!compare) return rows;
  return rows.toSorted((a, b) => (order?.down ? compare(b, a) : compare(a, b)));
}

function ariaSort<T>(column: Column<T>, order: { key: string; down: boolean } | null): 'ascending' | 'descending' | undefined {
  if (order?.key !== column.key) return undefined;
  return order.down ? 'descending' : 'ascending';
}
