import { Switch } from '@mantine/core';
import { useRef, type ComponentProps } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import type { Output, OutputPreset } from '../../../lib/ffmpeg-types';
import { daysText } from '../../../lib/weekdays';
import { useDuplicateOutput, useSwitchOutputs } from '../api/use-outputs';
import { isStale, placeName } from '../output-state';
import { OutputAdvice } from './output-advice';
import { OutputBadge } from './output-badge';
import classes from './output-card.module.css';
import { OutputFacts } from './output-facts';
import { OutputMenu, type OutputTask } from './output-menu';
import { OutputTrouble } from './output-trouble';
import { PlatformMark } from './platform-mark';

interface OutputCardProps extends Pick<ComponentProps<'li'>, 'onDragOver' | 'onDragLeave' | 'onDrop'> {
  output: Output;
  /** The platform as people call it. */
  platform: string;
  preset: OutputPreset | undefined;
  source: string;
  serverNow: number;
  /** For how long the connection has told nothing. */
  unheardMs: number;
  /** Null where the list is not shown in its order. */
  onMove: { up: (() => void) | null; down: (() => void) | null } | null;
  onTask: (task: OutputTask) => void;
  /** Makes its mark something to drag it by; null where the list is not shown in its order. */
  onDrag: ((begun: boolean) => void) | null;
  held: boolean;
  over: boolean;
}

/** One destination: does it arrive, and what can be done with it. */
export function OutputCard({ output, platform, preset, source, serverNow, unheardMs, onMove, onTask, onDrag, held, over, ...drop }: OutputCardProps) {
  const { t, i18n } = useTranslation();
  const toggle = useSwitchOutputs();
  const duplicate = useDuplicateOutput();
  const card = useRef<HTMLLIElement>(null);
  const { id, label, enabled, state, key_hint, schedule } = output;
  const fault = toggle.error ?? duplicate.error;
  const switchTo = (on: boolean) => {
    if (!on && (state === 'live' || state === 'stalled')) onTask('stop');
    else toggle.mutate({ ids: [id], on });
  };
  return (
    <li className={classes.card} data-held={held || undefined} data-over={over || undefined} data-state={state} ref={card} {...drop}>
      <div className={classes.head}>
        <span
          className={onDrag ? classes.grip : undefined}
          draggable={onDrag !== null}
          title={onDrag ? t('outputs.card.drag') : undefined}
          onDragStart={(event) => {
            // Optional: a test has no picture of what is dragged.
            if (card.current) event.dataTransfer?.setDragImage?.(card.current, 24, 24);
            onDrag?.(true);
          }}
          onDragEnd={() => onDrag?.(false)}
        >
          <PlatformMark platform={output.platform} name={platform} />
        </span>
        <div style={{ minWidth: 0 }}>
          <h2 className={classes.name}>{label}</h2>
          <p className={classes.way}>
            {source} → {placeName(output, platform, preset)}
          </p>
          {schedule && (
            <p className={classes.way}>
              {daysText(schedule.days, i18n.language)} {schedule.start}–{schedule.end} ({schedule.zone})
            </p>
          )}
        </div>
        <div className={classes.actions}>
          <Switch
            aria-label={t('outputs.card.enable', { label })}
            checked={toggle.isPending ? toggle.variables.on : enabled}
            disabled={toggle.isPending}
            onChange={(event) => switchTo(event.currentTarget.checked)}
          />
          <OutputMenu label={label} onMove={onMove} onTask={(task) => (task === 'duplicate' ? duplicate.mutate(id) : onTask(task))} />
        </div>
      </div>
      <div className={classes.state}>
        <OutputBadge output={output} serverNow={serverNow} unheardMs={unheardMs} />
        {key_hint && <span className={classes.key}>{t('outputs.card.key', { hint: key_hint })}</span>}
      </div>
      <OutputFacts output={output} serverNow={serverNow} stale={isStale(output, serverNow, unheardMs)} />
      <OutputTrouble output={output} serverNow={serverNow} />
      <OutputAdvice output={output} preset={preset} platform={platform} />
      {fault && <HelpfulError error={fault} />}
    </li>
  );
}
