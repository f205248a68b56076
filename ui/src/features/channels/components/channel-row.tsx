import { Button, Menu } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { IconButton } from '../../../components/icon-button';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';
import { Snapshot } from '../../../components/snapshot';
import type { Channel, Media } from '../../../lib/ffmpeg-types';
import { formatMbps, formatSeconds } from '../../../lib/format';
import { problemText } from '../../../lib/problem-text';
import { useServerNow } from '../../../lib/use-server-now';
import { daysText } from '../../../lib/weekdays';
import { useChannelTask } from '../api/use-channels';
import { canSkip, isRunning } from '../channel-state';
import { codecWords } from '../codec-words';
import { ChannelBadge } from './channel-badge';
import classes from './channel-row.module.css';
import { NowPlaying } from './now-playing';

interface ChannelRowProps {
  channel: Channel;
  onEdit: () => void;
  onRemove: () => void;
}

/** One channel: is it live, what plays, where does it go, and what can be done with it. */
export function ChannelRow({ channel, onEdit, onRemove }: ChannelRowProps) {
  const { t } = useTranslation();
  const task = useChannelTask(channel.id);
  const { kind, label, state, to, problem } = channel;
  const running = isRunning(channel);
  const live = state === 'live';
  const why = problem && problemText(problem, t);
  return (
    <li className={classes.row}>
      <div className={classes.picture} data-live={live || undefined} aria-hidden="true">
        {live && to.kind === 'stream' ? (
          <Snapshot app={to.app} stream={to.stream} alt="">
            <Icon name={kind === 'camera' ? 'camera' : 'channels'} size={26} />
          </Snapshot>
        ) : (
          <Icon name={kind === 'camera' ? 'camera' : 'channels'} size={26} />
        )}
      </div>
      <div style={{ minWidth: 0 }}>
        <div className={classes.head}>
          <h3 className={classes.name}>{label}</h3>
          <ChannelBadge channel={channel} />
        </div>
        {kind === 'vlive' && running && <NowPlaying channel={channel} />}
        <Facts channel={channel} />
        {why && (
          <p className={classes.trouble} data-state={state}>
            {why.message} {why.help} <NextTry channel={channel} />
          </p>
        )}
      </div>
      <div className={classes.actions}>
        {canSkip(channel) && <IconButton icon="skip" name={t('channels.row.skip', { label })} onClick={() => task.mutate('skip')} />}
        <Button
          size="compact-md"
          variant={running ? 'default' : 'light'}
          c={running ? undefined : 'var(--ss-accent)'}
          loading={task.isPending && task.variables !== 'skip'}
          aria-label={t(running ? 'channels.row.stopOf' : 'channels.row.startOf', { label })}
          onClick={() => task.mutate(running ? 'stop' : 'start')}
        >
          {t(running ? 'channels.row.stop' : 'channels.row.start')}
        </Button>
        <RowMenu label={t('channels.row.menu', { label })}>
          <Menu.Item leftSection={<Icon name="edit" />} onClick={onEdit}>
            {t('channels.row.edit')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="trash" />} color="var(--ss-error)" onClick={onRemove}>
            {t('channels.row.remove')}
          </Menu.Item>
        </RowMenu>
      </div>
      {task.error && (
        <div className={classes.fault}>
          <HelpfulError error={task.error} />
        </div>
      )}
    </li>
  );
}

function Facts({ channel }: { channel: Channel }) {
  const { t, i18n } = useTranslation();
  const serverNow = useServerNow();
  const { kind, state, to, items, kbps, media, since_ms, schedule, loop, shuffle, max_duration_s } = channel;
  const live = state === 'live';
  return (
    <div className={classes.facts}>
      <span>
        {to.kind === 'stream' ? (
          <>
            {t('channels.row.to')}{' '}
            <Link to="/streams/$app/$stream" params={{ app: to.app, stream: to.stream }}>
              {to.app}/{to.stream}
            </Link>
          </>
        ) : to.kind === 'outputs' ? (
          t('channels.row.toOutputs', { count: to.outputs.length })
        ) : (
          t('channels.row.toAddress', { server: to.server })
        )}
      </span>
      {kind === 'camera' && items[0] && (
        <span>
          {t('channels.row.source')} {items[0].target}
        </span>
      )}
      {live && <span>{formatMbps(kbps)} Mbit/s</span>}
      {live && media && <span>{mediaWords(media)}</span>}
      {live && <span>{t('channels.row.since', { time: formatSeconds((serverNow - since_ms) / 1000) })}</span>}
      {kind === 'vlive' && <span>{playWords({ count: items.length, loop, shuffle }, t)}</span>}
      {schedule && (
        <span>
          {daysText(schedule.days, i18n.language)} {schedule.start}–{schedule.end} {schedule.zone}
        </span>
      )}
      {max_duration_s > 0 && <span>{t('channels.row.most', { time: formatSeconds(max_duration_s) })}</span>}
    </div>
  );
}

/** When a channel in trouble tries again, counted down. */
function NextTry({ channel: { state, next_try_ms } }: { channel: Channel }) {
  const { t } = useTranslation();
  const serverNow = useServerNow();
  if (state !== 'retrying' || next_try_ms == null) return null;
  const left = Math.ceil((next_try_ms - serverNow) / 1000);
  return <strong>{left > 0 ? t('channels.row.again', { time: formatSeconds(left) }) : t('channels.row.againNow')}</strong>;
}

function mediaWords(media: Media): string {
  return [media.width > 0 && `${media.width}×${media.height}`, codecWords(media)].filter(Boolean).join(' ');
}

function playWords({ count, loop, shuffle }: { count: number; loop: boolean; shuffle: boolean }, t: TFunction): string {
  return [t('channels.row.items', { count }), loop && t('channels.row.loop'), shuffle && t('channels.row.shuffle')].filter(Boolean).join(' · ');
}
