import { Button, Group, Switch } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { ConfirmModal } from '../../../components/confirm-modal';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { KeyValue } from '../../../components/key-value';
import { Notice } from '../../../components/notice';
import { StateBadge } from '../../../components/state-badge';
import type { Programme } from '../../../lib/ffmpeg-types';
import { formatDateTime, formatSeconds } from '../../../lib/format';
import { problemText } from '../../../lib/problem-text';
import { useServerNow } from '../../../lib/use-server-now';
import { useRelease, useTake, useUpdateProgramme } from '../api/use-programme';
import { isStale, mediaText, modeOf, SLATE, slateKey, sourceLabel } from '../programme-state';
import { OnAirPicture } from './on-air-picture';

interface OnAirCardProps {
  programme: Programme;
  unheardMs: number;
}

/** What goes out at this moment, and the hand on it. */
export function OnAirCard({ programme, unheardMs }: OnAirCardProps) {
  const { t } = useTranslation();
  const take = useTake();
  const release = useRelease();
  const { id, label, on_air, taken, hold, sources, slate_problem, outputs } = programme;
  const mode = modeOf(programme);
  const stale = isStale(programme, unheardMs);
  const chosen = taken === null ? '' : taken === SLATE ? t('programme.slate.name') : sourceLabel(sources, taken);
  const fault = take.error ?? release.error;
  const problem = slate_problem && problemText({ ...slate_problem, key: slateKey(slate_problem.key) }, t);
  return (
    <Card title={t('programme.now')} aside={<OnOff programme={programme} carried={outputs.length} />}>
      <OnAirPicture programme={programme} stale={stale} />
      <Group mt={12} gap={8} justify="space-between">
        <ProgrammeBadge programme={programme} stale={stale} unheardMs={unheardMs} />
        <span style={{ color: 'var(--ss-dim)', fontSize: 13 }}>{t(`programme.mode.${mode}`, { name: chosen })}</span>
      </Group>
      <Group mt={12} gap={8}>
        <Button
          variant="default"
          disabled={on_air === null || on_air === SLATE}
          loading={take.isPending && take.variables.source === SLATE}
          onClick={() => take.mutate({ id, source: SLATE, hold })}
        >
          {t('programme.takeSlate')}
        </Button>
        <Button
          variant="default"
          leftSection={<Icon name="lock" size={15} />}
          disabled={on_air === null || hold}
          title={t('programme.holdHint')}
          onClick={() => on_air !== null && take.mutate({ id, source: on_air, hold: true })}
        >
          {t('programme.hold')}
        </Button>
        <Button variant="default" leftSection={<Icon name="rotate" size={15} />} disabled={mode === 'auto'} loading={release.isPending} onClick={() => release.mutate(id)}>
          {t('programme.release')}
        </Button>
      </Group>
      {fault && (
        <div style={{ marginTop: 12 }}>
          <HelpfulError error={fault} />
        </div>
      )}
      {problem && (
        <div style={{ marginTop: 12 }}>
          <Notice tone="warn" title={t('programme.slateProblem', { label })}>
            <p>
              {problem.message} {problem.help}
            </p>
          </Notice>
        </div>
      )}
      <div style={{ marginTop: 16 }}>
        <KeyValue
          facts={[
            { name: t('programme.facts.picture'), value: mediaText(programme.media) || '–' },
            { name: t('programme.facts.switches'), value: programme.switches },
            { name: t('programme.facts.slate'), value: formatSeconds(programme.slate_ms / 1000), title: t('programme.facts.slateHint') },
          ]}
        />
      </div>
    </Card>
  );
}

function ProgrammeBadge({ programme: { state, on_air, since_ms }, stale, unheardMs }: { programme: Programme; stale: boolean; unheardMs: number }) {
  const { t, i18n } = useTranslation();
  const now = useServerNow();
  if (stale) return <StateBadge tone="ok" stale word={t('outputs.state.lastSeen', { time: formatSeconds(unheardMs / 1000) })} reason={t('programme.staleWhy')} />;
  const lasting = on_air === null ? '' : ` ${formatSeconds((now - since_ms) / 1000)}`;
  const tone = state === 'live' ? 'ok' : state === 'slate' ? 'warn' : 'idle';
  return <StateBadge tone={tone} word={`${t(`programme.state.${state}`)}${lasting}`} reason={on_air === null ? undefined : t('outputs.since', { at: formatDateTime(since_ms, i18n.language) })} />;
}

/** On and off; what others see end is asked first. */
function OnOff({ programme: { id, label, enabled }, carried }: { programme: Programme; carried: number }) {
  const { t } = useTranslation();
  const update = useUpdateProgramme();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Switch
        label={t('programme.enabled')}
        checked={update.isPending ? (update.variables.enabled ?? enabled) : enabled}
        disabled={update.isPending}
        onChange={(event) => (event.currentTarget.checked || carried === 0 ? update.mutate({ id, enabled: event.currentTarget.checked }) : setAsking(true))}
      />
      {asking && (
        <ConfirmModal
          title={t('programme.stop.title', { label })}
          text={t('programme.stop.text', { count: carried })}
          confirm={t('programme.stop.confirm')}
          pending={update.isPending}
          error={update.error}
          onConfirm={() => update.mutate({ id, enabled: false }, { onSuccess: () => setAsking(false) })}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
