import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { HelpfulError } from '../../../components/helpful-error';
import { Loaded } from '../../../components/loaded';
import { useFfmpegFeed } from '../../../lib/ffmpeg-feed';
import { programmesQuery } from '../../../lib/ffmpeg-queries';
import type { Output } from '../../../lib/ffmpeg-types';
import { unheardMs } from '../../../lib/freshness';
import { useNow } from '../../../lib/use-now';
import { useServerNow } from '../../../lib/use-server-now';
import { useReorderOutputs, useSwitchOutputs } from '../api/use-outputs';
import { matching, moved, sourceName, type OutputGroup } from '../output-state';
import { platformName } from '../platform-words';
import { useLiveOutputs } from '../use-live-outputs';
import { LogDrawer } from './log-drawer';
import { OutputCard } from './output-card';
import { OutputDrawer } from './output-drawer';
import type { OutputTask } from './output-menu';
import { OutputTools } from './output-tools';
import classes from './outputs-board.module.css';
import { RemoveOutput } from './remove-output';
import { StopOutputs } from './stop-outputs';
import { TestModal } from './test-modal';

interface OutputsBoardProps {
  /** The source a new output begins with, empty for a guess; null while none is being added. */
  adding: string | null;
  onAdd: () => void;
  onAdded: () => void;
}

/** Every destination; adding one is asked for from outside, by the page's button, or from the empty list. */
export function OutputsBoard({ adding, onAdd, onAdded }: OutputsBoardProps) {
  const { t } = useTranslation();
  const { query, outputs } = useLiveOutputs();
  const programmes = useQuery(programmesQuery).data ?? [];
  const feed = useFfmpegFeed();
  const unheard = unheardMs(feed, useNow());
  const serverNow = useServerNow();
  const start = useSwitchOutputs();
  const reorder = useReorderOutputs();
  const [typed, setTyped] = useState('');
  const [groups, setGroups] = useState<OutputGroup[]>([]);
  const [task, setTask] = useState<{ name: OutputTask; id: string } | null>(null);
  const [stopping, setStopping] = useState<Output[] | null>(null);
  const [held, setHeld] = useState<string | null>(null);
  const [over, setOver] = useState<string | null>(null);
  const done = () => setTask(null);
  const presets = query.data?.presets ?? [];
  const source = (output: Output) => sourceName(output, programmes) ?? t('outputs.source.any');
  const platform = (output: Output) => platformName(output.platform, presets, t);
  const busy = outputs?.find(({ id }) => id === task?.id);

  // The new order stays on the screen until the server has it.
  const order = reorder.isPending ? reorder.variables : (outputs ?? []).map(({ id }) => id);
  const inOrder = (outputs ?? []).toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
  const filtered = typed.trim() !== '' || groups.length > 0;
  const shown = matching(inOrder, typed, groups, (output) => `${output.label} ${source(output)} ${platform(output)}`);

  const moveTo = (id: string, place: string | undefined) => (place === undefined ? null : () => reorder.mutate(moved(order, id, place)));
  const dropOn = (id: string) => ({
    onDragOver: (event: DragEvent) => {
      if (held === null || held === id) return;
      event.preventDefault();
      setOver(id);
    },
    onDragLeave: () => setOver(null),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      if (held !== null && held !== id) reorder.mutate(moved(order, held, id));
    },
  });
  const drag = (id: string) => (begun: boolean) => {
    setHeld(begun ? id : null);
    setOver(null);
  };

  return (
    <>
      <Loaded query={query} rows={4}>
        {() =>
          inOrder.length === 0 ? (
            <Card label={t('nav.destinations')}>
              <EmptyState icon="outputs" title={t('outputs.empty.title')} text={t('outputs.empty.text')} action={<Button onClick={onAdd}>{t('outputs.add')}</Button>} />
            </Card>
          ) : (
            <>
              <OutputTools
                all={inOrder}
                shown={shown}
                typed={typed}
                groups={groups}
                starting={start.isPending}
                onType={setTyped}
                onGroups={setGroups}
                onStart={(ids) => start.mutate({ ids, on: true })}
                onStop={setStopping}
              />
              {(start.error ?? reorder.error) && (
                <div style={{ marginBottom: 12 }}>
                  <HelpfulError error={start.error ?? reorder.error} />
                </div>
              )}
              {shown.length === 0 ? (
                <p className={classes.none} role="status">
                  {t('outputs.tools.none')}
                </p>
              ) : (
                <ul className={classes.grid} aria-label={t('nav.destinations')}>
                  {shown.map((output, at) => (
                    <OutputCard
                      key={output.id}
                      output={output}
                      platform={platform(output)}
                      preset={presets.find(({ id }) => id === output.platform)}
                      source={source(output)}
                      serverNow={serverNow}
                      unheardMs={unheard}
                      onMove={filtered ? null : { up: moveTo(output.id, shown[at - 1]?.id), down: moveTo(output.id, shown[at + 1]?.id) }}
                      onTask={(name) => setTask({ name, id: output.id })}
                      held={held === output.id}
                      over={over === output.id}
                      onDrag={filtered ? null : drag(output.id)}
                      {...dropOn(output.id)}
                    />
                  ))}
                </ul>
              )}
            </>
          )
        }
      </Loaded>
      {adding !== null && query.data && <OutputDrawer output={null} source={adding} presets={presets} onClose={onAdded} />}
      {stopping && <StopOutputs outputs={stopping} onClose={() => setStopping(null)} />}
      {busy && task?.name === 'edit' && <OutputDrawer output={busy} source="" presets={presets} onClose={done} />}
      {busy && task?.name === 'log' && <LogDrawer output={busy} onClose={done} />}
      {busy && task?.name === 'test' && <TestModal output={busy} platform={platform(busy)} onClose={done} />}
      {busy && task?.name === 'stop' && <StopOutputs outputs={[busy]} onClose={done} />}
      {busy && task?.name === 'remove' && <RemoveOutput output={busy} onClose={done} />}
    </>
  );
}
