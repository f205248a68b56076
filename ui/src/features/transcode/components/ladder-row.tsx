import { Button, Menu } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { CopyField } from '../../../components/copy-field';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';
import { StateBadge } from '../../../components/state-badge';
import { useFfmpegFeed } from '../../../lib/ffmpeg-feed';
import type { Rendition, Transcode } from '../../../lib/ffmpeg-types';
import { STALE_AFTER_MS, unheardMs } from '../../../lib/freshness';
import { useNow } from '../../../lib/use-now';
import { useTranscodeTask } from '../api/use-transcode';
import { formatPercent, isRunning, masterAddress, TONES, troubleText } from '../transcode-state';
import classes from './ladder-row.module.css';

interface LadderRowProps {
  ladder: Transcode;
  onEdit: () => void;
  onRemove: () => void;
}

/** One ladder: does it run, what does it cost, where is it watched. */
export function LadderRow({ ladder, onEdit, onRemove }: LadderRowProps) {
  const { t } = useTranslation();
  const task = useTranscodeTask(ladder.id);
  const stale = unheardMs(useFfmpegFeed(), useNow()) > STALE_AFTER_MS;
  const { app, stream, state, problem, cpu_percent, speed } = ladder;
  const label = ladder.label || `${app}/${stream}`;
  const running = isRunning(ladder);
  const why = problem && troubleText(problem, t);
  return (
    <li className={classes.row}>
      <div style={{ minWidth: 0 }}>
        <div className={classes.head}>
          <h3 className={classes.name}>{label}</h3>
          <StateBadge tone={TONES[state]} stale={stale} word={t(`transcode.states.${state}`)} reason={t(stale ? 'channels.staleWhy' : `transcode.why.${state}`)} />
        </div>
        <div className={classes.facts}>
          <span>
            {t('transcode.row.of')}{' '}
            <Link to="/streams/$app/$stream" params={{ app, stream }}>
              {app}/{stream}
            </Link>
          </span>
          {state === 'live' && <span>{t('transcode.row.cpu', { percent: formatPercent(cpu_percent) })}</span>}
          {state === 'live' && speed > 0 && <span>{t('transcode.row.speed', { speed: speed.toFixed(2) })}</span>}
        </div>
        <ul className={classes.rungs} aria-label={t('transcode.row.renditions')}>
          {ladder.renditions.map((one) => (
            <li key={one.name} className={classes.rung}>
              {one.name} <span>{rungWords(one)}</span>
            </li>
          ))}
        </ul>
        {why && (
          <p className={classes.trouble} data-tone={TONES[state]}>
            {why.message} {why.help}
          </p>
        )}
      </div>
      <div className={classes.actions}>
        <Button
          size="compact-md"
          variant={running ? 'default' : 'light'}
          c={running ? undefined : 'var(--ss-accent)'}
          loading={task.isPending}
          aria-label={t(running ? 'transcode.row.stopOf' : 'transcode.row.startOf', { label })}
          onClick={() => task.mutate(running ? 'stop' : 'start')}
        >
          {t(running ? 'transcode.row.stop' : 'transcode.row.start')}
        </Button>
        <RowMenu label={t('transcode.row.menu', { label })}>
          <Menu.Item leftSection={<Icon name="edit" />} onClick={onEdit}>
            {t('transcode.row.edit')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="trash" />} color="var(--ss-error)" onClick={onRemove}>
            {t('transcode.row.remove')}
          </Menu.Item>
        </RowMenu>
      </div>
      {ladder.master_url && (
        <div className={classes.wide}>
          <CopyField label={t('transcode.row.master', { label })} description={t('transcode.row.masterHint')} value={masterAddress(ladder.master_url)} />
        </div>
      )}
      {task.error && (
        <div className={classes.wide}>
          <HelpfulError error={task.error} />
        </div>
      )}
    </li>
  );
}

function rungWords({ codec, width, height, video_kbps, audio_kbps }: Rendition): string {
  if (codec === 'copy') return '';
  if (codec === 'none') return `${audio_kbps} kbit/s`;
  return `${width > 0 ? `${width}×${height} · ` : ''}${video_kbps} kbit/s`;
}
