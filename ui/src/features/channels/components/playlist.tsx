import { VisuallyHidden } from '@mantine/core';
import { useEffect, useRef, useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { formatClock } from '../../../lib/format';
import type { DraftItem } from '../channel-draft';
import { moved, totalMs } from '../playlist';
import { useItemFacts, type ItemFacts } from '../use-item-facts';
import classes from './playlist.module.css';
import { PlaylistItem } from './playlist-item';

interface PlaylistProps {
  items: DraftItem[];
  onChange: (items: DraftItem[]) => void;
}

const NOTHING: ItemFacts = { duration_ms: 0, codecs: '', problem: null, looking: false };

/** The order in which things play, changed by dragging or step by step. */
export function Playlist({ items, onChange }: PlaylistProps) {
  const { t } = useTranslation();
  const list = useRef<HTMLOListElement>(null);
  const [held, setHeld] = useState<string | null>(null);
  /** What was moved last and by which button, to keep the keyboard there and to say so. */
  const [last, setLast] = useState<{ key: string; step: -1 | 1 } | null>(null);
  const facts = useItemFacts(items);
  const total = totalMs(facts);

  useEffect(() => {
    if (!last) return;
    const item = list.current?.querySelector(`[data-key="${CSS.escape(last.key)}"]`);
    const buttons = [...(item?.querySelectorAll<HTMLButtonElement>('button[data-step]') ?? [])].filter((one) => !one.disabled);
    (buttons.find((one) => Number(one.dataset.step) === last.step) ?? buttons[0])?.focus();
  }, [last, items]);

  const move = (from: number, step: -1 | 1) => {
    const item = items[from];
    if (!item) return;
    onChange(moved(items, from, from + step));
    setLast({ key: item.key, step });
  };
  const dragOver = (to: number) => (event: DragEvent) => {
    if (held === null) return;
    event.preventDefault();
    const from = items.findIndex(({ key }) => key === held);
    if (from !== to) onChange(moved(items, from, to));
  };

  if (items.length === 0) return <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('channels.list.empty')}</p>;
  const at = items.findIndex(({ key }) => key === last?.key);
  return (
    <div>
      <ol ref={list} className={classes.list} aria-label={t('channels.list.label')}>
        {items.map((item, index) => (
          <PlaylistItem
            key={item.key}
            item={item}
            facts={facts[index] ?? NOTHING}
            number={index + 1}
            first={index === 0}
            last={index === items.length - 1}
            held={item.key === held}
            onMove={(step) => move(index, step)}
            onRemove={() => onChange(items.filter(({ key }) => key !== item.key))}
            onHold={(on) => setHeld(on ? item.key : null)}
            onDragOver={dragOver(index)}
          />
        ))}
      </ol>
      <p className={classes.sum}>
        {t('channels.list.count', { count: items.length })}
        {total !== null && ` · ${t('channels.list.total', { time: formatClock(total / 1000) })}`}
      </p>
      {items.length > 1 && items.some(({ type }) => type === 'stream') && <p className={classes.sum}>{t('channels.list.endless')}</p>}
      <VisuallyHidden role="status">
        {at >= 0 && t('channels.list.now', { name: items[at]?.name ?? '', number: at + 1, total: items.length })}
      </VisuallyHidden>
    </div>
  );
}
