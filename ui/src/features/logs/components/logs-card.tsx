import { Button, Chip, Group, NativeSelect, Skeleton, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { Notice } from '../../../components/notice';
import { apiUrl } from '../../../lib/api-client';
import type { LogEntry, LogLevel } from '../../../lib/monitor-types';
import { useCopy } from '../../../lib/use-copy';
import { logParams, plainLine, type LogFilter } from '../log-tail';
import { useLogTail } from '../use-log-tail';
import { LogView } from './log-view';
import classes from './logs-card.module.css';

const LineDrawer = lazy(() => import('./line-drawer').then((module) => ({ default: module.LineDrawer })));

const LEVELS = ['debug', 'info', 'warning', 'error'] as const;
const TYPING_MS = 400;

/** What all programs write, as they write it. */
export function LogsCard() {
  const { t } = useTranslation();
  const [services, setServices] = useState<string[]>([]);
  const [level, setLevel] = useState<LogLevel>('info');
  const [text, setText] = useState('');
  const [asked] = useDebouncedValue(text.trim(), TYPING_MS);
  const filter = useMemo<LogFilter>(() => ({ services, level, text: asked }), [services, level, asked]);
  const tail = useLogTail(filter);
  // The chips stay while another filter is being asked for.
  const [known, setKnown] = useState<string[]>([]);
  if (tail.services.length > 0 && tail.services.join() !== known.join()) setKnown(tail.services);

  return (
    <Card title={t('logs.title')} aside={<Tools filter={filter} lines={tail.lines ?? []} />}>
      <div className={classes.filters}>
        <NativeSelect
          size="xs"
          aria-label={t('logs.level')}
          value={level}
          data={LEVELS.map((value) => ({ value, label: t(`logs.from.${value}`) }))}
          onChange={(event) => setLevel(event.currentTarget.value as LogLevel)}
        />
        <TextInput
          size="xs"
          className={classes.search}
          aria-label={t('logs.search')}
          placeholder={t('logs.search')}
          maxLength={200}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Chip.Group multiple value={services} onChange={setServices}>
          <div className={classes.services} role="group" aria-label={t('logs.services')}>
            {known.map((name) => (
              <Chip key={name} size="xs" value={name}>
                {name}
              </Chip>
            ))}
          </div>
        </Chip.Group>
      </div>
      {tail.error != null && (
        <div style={{ marginBottom: 12 }}>
          <HelpfulError error={tail.error} />
        </div>
      )}
      {tail.notes.map((note) => (
        <div key={note} style={{ marginBottom: 12 }}>
          <Notice tone="warn">{note}</Notice>
        </div>
      ))}
      {tail.lines === null ? (
        tail.error == null && <Skeleton h={360} aria-busy="true" aria-label={t('common.loading')} />
      ) : (
        <Tail key={JSON.stringify(filter)} tail={{ ...tail, lines: tail.lines }} filtered={services.length > 0 || level !== 'debug' || asked !== ''} />
      )}
    </Card>
  );
}

interface TailProps {
  tail: ReturnType<typeof useLogTail> & { lines: LogEntry[] };
  filtered: boolean;
}

/** The lines, held still when somebody wants to read. */
function Tail({ tail, filtered }: TailProps) {
  const { t } = useTranslation();
  const [held, setHeld] = useState<LogEntry[] | null>(null);
  const [following, setFollowing] = useState(true);
  const [loading, setLoading] = useState(false);
  const [opened, setOpened] = useState<LogEntry | null>(null);
  const shown = held ?? tail.lines;
  const lost = tail.connection === 'lost';
  const older = async () => {
    setLoading(true);
    await tail.loadOlder();
    setLoading(false);
  };
  if (tail.lines.length === 0) {
    return <EmptyState icon="info" title={t('logs.none')} text={t(filtered ? 'logs.noneFound' : 'logs.noneText')} />;
  }
  return (
    <>
      <LogView
        lines={shown}
        following={following && held === null}
        onFollowing={setFollowing}
        onOpen={setOpened}
        head={
          tail.cut ? (
            t('logs.cut')
          ) : tail.older !== null && held === null ? (
            <Button size="compact-xs" variant="default" loading={loading} onClick={() => void older()}>
              {t('logs.older')}
            </Button>
          ) : null
        }
      />
      <div className={classes.foot}>
        <span role="status" data-lost={lost || undefined} className={classes.state}>
          {held ? t('logs.held', { count: newSince(held, tail.lines) }) : lost ? t('logs.lost') : t('logs.live', { count: tail.lines.length })}
          {tail.skipped > 0 && ` · ${t('logs.skipped', { count: tail.skipped })}`}
        </span>
        <Group gap={8}>
          {!following && held === null && (
            <Button size="compact-md" variant="default" leftSection={<Icon name="down" size={16} />} onClick={() => setFollowing(true)}>
              {t('logs.newest')}
            </Button>
          )}
          <Button size="compact-md" variant="default" leftSection={<Icon name={held ? 'play' : 'pause'} size={16} />} onClick={() => setHeld(held ? null : tail.lines)}>
            {t(held ? 'logs.resume' : 'logs.pause')}
          </Button>
        </Group>
      </div>
      <Suspense>{opened && <LineDrawer line={opened} onClose={() => setOpened(null)} />}</Suspense>
    </>
  );
}

function newSince(held: LogEntry[], now: LogEntry[]): number {
  const last = held.at(-1)?.id;
  return now.length - 1 - now.findLastIndex(({ id }) => id === last);
}

function Tools({ filter, lines }: { filter: LogFilter; lines: LogEntry[] }) {
  const { t } = useTranslation();
  const { copy, outcome } = useCopy();
  return (
    <Group gap={8}>
      <Button
        size="compact-md"
        variant="default"
        disabled={lines.length === 0}
        leftSection={<Icon name={outcome === 'copied' ? 'check' : 'copy'} size={16} />}
        onClick={() => void copy(lines.map(plainLine).join('\n'))}
      >
        {outcome ? t(outcome === 'copied' ? 'common.copied' : 'common.copyFailed') : t('logs.copy')}
      </Button>
      <Button
        component="a"
        size="compact-md"
        variant="default"
        href={apiUrl(`mgmt/logs/download?${logParams(filter)}`)}
        download="streamstead.log"
        leftSection={<Icon name="download" size={16} />}
      >
        {t('logs.download')}
      </Button>
    </Group>
  );
}
