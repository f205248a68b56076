import { Button, Group, SimpleGrid, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { Notice } from '../../../components/notice';
import { StreamField } from '../../../components/stream-field';
import type { Programme, ProgrammeSource } from '../../../lib/ffmpeg-types';
import { useTake, useUpdateProgramme } from '../api/use-programme';
import { differ, isStale, movedBy, stateOf, streamOf, urlOf } from '../programme-state';
import { SourceRow } from './source-row';
import classes from './sources-card.module.css';

/** The sources in the order of their priority: the first that is there goes on air. */
export function SourcesCard({ programme, unheardMs }: { programme: Programme; unheardMs: number }) {
  const { t } = useTranslation();
  const update = useUpdateProgramme();
  const take = useTake();
  const { id, enabled, on_air, normalise, local_stream } = programme;
  // The new order stays on the screen until the server has it.
  const sources = (update.isPending && update.variables.sources) || programme.sources;
  const fault = update.error ?? take.error;
  const change = (next: ProgrammeSource[]) => update.mutate({ id, sources: next });
  return (
    <Card title={t('programme.sources.title')}>
      <p style={{ margin: '-6px 0 14px', color: 'var(--ss-dim)', fontSize: 13 }}>{t('programme.sources.text')}</p>
      {sources.length === 0 && <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('programme.sources.none')}</p>}
      <ol className={classes.list} aria-label={t('programme.sources.title')}>
        {sources.map((source, at) => {
          const url = urlOf(source);
          return (
            <SourceRow
              key={url}
              source={source}
              facts={stateOf(programme, url)}
              place={at + 1}
              stale={isStale(programme, unheardMs)}
              taking={take.isPending && take.variables.source === url}
              onTake={enabled && on_air !== url ? () => take.mutate({ id, source: url, hold: programme.hold }) : null}
              onUp={at > 0 ? () => change(movedBy(sources, at, -1)) : null}
              onDown={at < sources.length - 1 ? () => change(movedBy(sources, at, 1)) : null}
              onRemove={() => change(sources.filter((one) => one !== source))}
            />
          );
        })}
      </ol>
      {!normalise.enabled && differ(programme) && (
        <div style={{ margin: '4px 0 12px' }}>
          <Notice tone="warn" title={t('programme.sources.differ')}>
            <p>{t('programme.sources.differText')}</p>
          </Notice>
        </div>
      )}
      {fault && <HelpfulError error={fault} />}
      <AddSource without={[...sources.map(urlOf), local_stream]} pending={update.isPending} onAdd={(source) => change([...sources, source])} />
    </Card>
  );
}

function AddSource({ without, pending, onAdd }: { without: string[]; pending: boolean; onAdd: (source: ProgrammeSource) => void }) {
  const { t } = useTranslation();
  const [url, setUrl] = useState('');
  const [label, setLabel] = useState('');
  const [tried, setTried] = useState(false);
  const of = streamOf(url);
  const fault = of === null ? t('programme.sources.nameless') : without.includes(url) ? t('programme.sources.twice') : undefined;
  return (
    <form
      noValidate
      className={classes.add}
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (of === null || fault) return;
        onAdd({ ...of, label: label.trim() });
        setUrl('');
        setLabel('');
        setTried(false);
      }}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'start' }}>
        <div>
          <StreamField label={t('programme.sources.add')} value={url} without={without} error={tried ? fault : undefined} onChange={setUrl} />
        </div>
        <TextInput label={t('programme.sources.label')} placeholder={t('programme.sources.labelExample')} maxLength={80} value={label} onChange={(event) => setLabel(event.currentTarget.value)} />
      </SimpleGrid>
      <Group justify="flex-end" mt={10}>
        <Button type="submit" variant="default" loading={pending}>
          {t('programme.sources.addIt')}
        </Button>
      </Group>
    </form>
  );
}
