import { Chip, Group, NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { recordedStreamsQuery } from '../api/use-library';
import { SORTS, sortOf, type LibrarySearch, type SortName } from '../library-search';
import classes from './library-tools.module.css';

interface LibraryToolsProps {
  search: LibrarySearch;
  onChange: (change: LibrarySearch) => void;
}

/** A keystroke is no search yet. */
const PAUSE_MS = 300;

const CHIPS = [
  { name: 'recording', set: { state: 'recording' } },
  { name: 'failed', set: { state: 'failed' } },
  { name: 'local', set: { where: 'local' } },
  { name: 'bucket', set: { where: 'bucket' } },
  { name: 'keep', set: { keep: true } },
  { name: 'clip', set: { kind: 'clip' } },
  { name: 'upload', set: { kind: 'upload' } },
] as const satisfies { name: string; set: LibrarySearch }[];

/** Search, chips to filter by, streams and order. */
export function LibraryTools({ search, onChange }: LibraryToolsProps) {
  const { t } = useTranslation();
  const streams = useQuery(recordedStreamsQuery).data ?? [];
  const chosen = search.stream ?? '';
  const named = streams.map(({ app, stream, count }) => ({ value: `${app}/${stream}`, label: `${app}/${stream} (${count})` }));
  return (
    <div className={classes.tools}>
      <SearchField value={search.q ?? ''} onChange={(q) => onChange({ q: q || undefined })} />
      <NativeSelect
        aria-label={t('recordings.tools.stream')}
        value={chosen}
        data={[
          { value: '', label: t('recordings.tools.anyStream') },
          ...named,
          ...(chosen && !named.some(({ value }) => value === chosen) ? [{ value: chosen, label: chosen }] : []),
        ]}
        onChange={(event) => onChange({ stream: event.currentTarget.value || undefined })}
      />
      <NativeSelect
        aria-label={t('recordings.tools.sort')}
        value={sortOf(search)}
        data={(Object.keys(SORTS) as SortName[]).map((value) => ({ value, label: t(`recordings.sort.${value}`) }))}
        onChange={(event) => onChange({ sort: event.currentTarget.value === 'newest' ? undefined : (event.currentTarget.value as SortName) })}
      />
      <Group gap={6} role="group" aria-label={t('recordings.tools.filter')} className={classes.chips}>
        {CHIPS.map(({ name, set }) => {
          const [[field, value] = []] = Object.entries(set) as [keyof LibrarySearch, string | boolean][];
          const on = field !== undefined && search[field] === value;
          return (
            <Chip key={name} size="xs" checked={on} onChange={() => field && onChange({ [field]: on ? undefined : value })}>
              {t(`recordings.chips.${name}`)}
            </Chip>
          );
        })}
        {search.tag !== undefined && (
          <Chip size="xs" checked onChange={() => onChange({ tag: undefined })}>
            {t('recordings.chips.tag', { tag: search.tag })}
          </Chip>
        )}
      </Group>
    </div>
  );
}

function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(String(value));
  const [asked, setAsked] = useState(value);
  // Somebody else changed it: the way back, or another link.
  if (asked !== value) {
    setAsked(value);
    setTyped(String(value));
  }
  useEffect(() => {
    if (typed.trim() === String(value)) return;
    const timer = setTimeout(() => {
      setAsked(typed.trim());
      onChange(typed.trim());
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  });
  return (
    <TextInput
      type="search"
      className={classes.search}
      aria-label={t('recordings.tools.search')}
      placeholder={t('recordings.tools.search')}
      maxLength={200}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
    />
  );
}
