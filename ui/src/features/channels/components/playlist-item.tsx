import { ActionIcon } from '@mantine/core';
import type { DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { formatBytes, formatClock } from '../../../lib/format';
import { problemText } from '../../../lib/problem-text';
import type { DraftItem } from '../channel-draft';
import type { ItemFacts } from '../use-item-facts';
import classes from './playlist.module.css';

interface PlaylistItemProps {
  item: DraftItem;
  facts: ItemFacts;
  number: number;
  first: boolean;
  last: boolean;
  /** Being dragged. */
  held: boolean;
  onMove: (step: -1 | 1) => void;
  onRemove: () => void;
  onHold: (on: boolean) => void;
  onDragOver: (event: DragEvent) => void;
}

/** One entry of a playlist: what it is, how long, and whether it can be played. */
export function PlaylistItem({ item, facts, number, first, last, held, onMove, onRemove, onHold, onDragOver }: PlaylistItemProps) {
  const { t } = useTranslation();
  const { name, type } = item;
  const why = facts.problem && problemText(facts.problem, t);
  return (
    <li
      className={classes.item}
      data-key={item.key}
      data-held={held || undefined}
      onDragOver={onDragOver}
      onDrop={(event) => {
        event.preventDefault();
        onHold(false);
      }}
    >
      <span
        className={classes.handle}
        draggable
        title={t('channels.list.drag', { name })}
        onDragStart={(event) => {
          event.dataTransfer.effectAllowed = 'move';
          event.dataTransfer.setData('text/plain', name);
          const row = event.currentTarget.parentElement;
          if (row) event.dataTransfer.setDragImage(row, 12, 12);
          onHold(true);
        }}
        onDragEnd={() => onHold(false)}
      >
        <Icon name="grip" />
      </span>
      <span className={classes.number}>{number}</span>
      <div style={{ minWidth: 0 }}>
        <div className={classes.name}>{name}</div>
        <div className={classes.facts}>
          <span>{t(`channels.list.types.${type}`)}</span>
          {facts.duration_ms > 0 && <span>{formatClock(facts.duration_ms / 1000)}</span>}
          {item.bytes > 0 && <span>{formatBytes(item.bytes)}</span>}
          {facts.codecs && <span>{facts.codecs}</span>}
          {type === 'stream' && <span>{item.target}</span>}
          {facts.looking && <span>{t('channels.list.looking')}</span>}
        </div>
      </div>
      <div className={classes.actions}>
        <Step step={-1} name={t('channels.list.up', { name })} disabled={first} onMove={onMove} />
        <Step step={1} name={t('channels.list.down', { name })} disabled={last} onMove={onMove} />
        <ActionIcon variant="subtle" color="gray" size={32} aria-label={t('channels.list.remove', { name })} onClick={onRemove}>
          <Icon name="close" />
        </ActionIcon>
      </div>
      {why && (
        <p className={classes.problem} style={{ margin: 0 }}>
          {why.message} {why.help}
        </p>
      )}
    </li>
  );
}

function Step({ step, name, disabled, onMove }: { step: -1 | 1; name: string; disabled: boolean; onMove: (step: -1 | 1) => void }) {
  return (
    <ActionIcon variant="subtle" color="gray" size={32} aria-label={name} disabled={disabled} data-step={step} onClick={() => onMove(step)}>
      <Icon name={step < 0 ? 'up' : 'down'} />
    </ActionIcon>
  );
}
