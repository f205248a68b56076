import { Button, Menu } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';
import { StateBadge } from '../../../components/state-badge';
import type { ProgrammeSource, ProgrammeSourceState } from '../../../lib/ffmpeg-types';
import { formatMbps } from '../../../lib/format';
import { problemText } from '../../../lib/problem-text';
import { mediaText, SOURCE_TONES, urlOf } from '../programme-state';
import classes from './sources-card.module.css';

interface SourceRowProps {
  source: ProgrammeSource;
  /** Unknown right after it was added. */
  facts: ProgrammeSourceState | undefined;
  place: number;
  stale: boolean;
  taking: boolean;
  /** Null where there is nothing to take: the programme is off, or it is on air and kept. */
  onTake: (() => void) | null;
  onUp: (() => void) | null;
  onDown: (() => void) | null;
  onRemove: () => void;
}

/** One source of a programme: is it there, and could it go on air? */
export function SourceRow({ source, facts, place, stale, taking, onTake, onUp, onDown, onRemove }: SourceRowProps) {
  const { t } = useTranslation();
  const url = urlOf(source);
  const name = source.label || url;
  const state = facts?.state ?? 'offline';
  const why = facts?.problem && problemText(facts.problem, t);
  const there = state === 'ready' || state === 'on_air';
  return (
    <li className={classes.row}>
      <span className={classes.place} title={t('programme.sources.place', { place })}>
        {place}
      </span>
      <div style={{ minWidth: 0 }}>
        <div className={classes.head}>
          <h3 className={classes.name}>{name}</h3>
          <StateBadge tone={SOURCE_TONES[state]} stale={stale} word={t(`programme.sources.states.${state}`)} reason={t(`programme.sources.why.${state}`)} />
        </div>
        <div className={classes.facts}>
          {source.label && <span>{url}</span>}
          {there && facts && facts.kbps > 0 && <span>{formatMbps(facts.kbps)} Mbit/s</span>}
          {there && <span>{mediaText(facts?.media ?? null)}</span>}
        </div>
        {why && state !== 'on_air' && (
          <p className={classes.error}>
            {why.message} {why.help}
          </p>
        )}
      </div>
      <div className={classes.actions}>
        <Button variant="default" size="compact-md" disabled={onTake === null} loading={taking} aria-label={t('programme.sources.takeOf', { name })} onClick={onTake ?? undefined}>
          {t('programme.sources.take')}
        </Button>
        <RowMenu label={t('programme.sources.menu', { name })}>
          {onUp && (
            <Menu.Item leftSection={<Icon name="up" />} onClick={onUp}>
              {t('programme.sources.up')}
            </Menu.Item>
          )}
          {onDown && (
            <Menu.Item leftSection={<Icon name="down" />} onClick={onDown}>
              {t('programme.sources.down')}
            </Menu.Item>
          )}
          <Menu.Item leftSection={<Icon name="trash" />} color="var(--ss-error)" onClick={onRemove}>
            {t('programme.sources.remove')}
          </Menu.Item>
        </RowMenu>
      </div>
    </li>
  );
}
