import { Button } from '@mantine/core';
import { useEffect, useImperativeHandle, useRef, useState, type Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { Notice } from '../../../components/notice';
import { apiUrl } from '../../../lib/api-client';
import { startPlaying } from '../../../lib/playback/recorded';
import type { Recording } from '../../../lib/recording-types';
import { vodUrls } from '../../../lib/vod-urls';
import { useOperatorPass } from '../api/use-operator-pass';
import { nameOf } from '../recording-state';
import classes from './recording-player.module.css';

export interface PlayerHandle {
  /** Where the picture is, ms. */
  now: () => number;
  seek: (ms: number) => void;
}

interface RecordingPlayerProps {
  recording: Recording;
  handle: Ref<PlayerHandle>;
}

/** Plays a recording as the operator may, whoever else may watch it. */
export function RecordingPlayer({ recording, handle }: RecordingPlayerProps) {
  const { t } = useTranslation();
  const video = useRef<HTMLVideoElement>(null);
  const pass = useOperatorPass(recording.id);
  /** Second to begin at; null until somebody wants to see it. */
  const [start, setStart] = useState<number | null>(null);
  const [failed, setFailed] = useState(false);
  const { id, has_playlist, mp4, has_poster } = recording;
  const hasMp4 = mp4 === 'ready';
  const playable = has_playlist || hasMp4;

  useEffect(() => {
    if (start === null || pass === null || failed || !video.current) return;
    const urls = vodUrls(id, pass);
    return startPlaying(video.current, { playlist: has_playlist ? urls.hls : null, mp4: hasMp4 ? urls.mp4 : null }, start, () => setFailed(true));
    // An MP4 made meanwhile is no reason to begin anew.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [id, start, pass, failed]);

  useImperativeHandle(
    handle,
    () => ({
      now: () => Math.round((video.current?.currentTime ?? 0) * 1000),
      seek: (ms) => {
        if (start === null) setStart(ms / 1000);
        else if (video.current) video.current.currentTime = ms / 1000;
      },
    }),
    [start],
  );

  return (
    <div className={classes.frame}>
      <video
        ref={video}
        className={classes.video}
        data-testid="recording-video"
        aria-label={t('recordings.player.picture', { name: nameOf(recording) })}
        poster={has_poster ? apiUrl(`recordings/poster/${id}`) : undefined}
        controls={start !== null && !failed}
        playsInline
      />
      {start === null && playable && (
        <button type="button" className={classes.begin} aria-label={t('recordings.player.play')} onClick={() => setStart(0)}>
          <span>
            <Icon name="play" size={34} />
          </span>
        </button>
      )}
      {!playable && (
        <p className={classes.message} role="status">
          {t(recording.state === 'failed' ? 'recordings.player.nothing' : 'recordings.player.notYet')}
        </p>
      )}
      {failed && (
        <div className={classes.message}>
          <Notice tone="error" role="alert" title={t('recordings.player.failed')}>
            <p>{t('recordings.player.failedHelp')}</p>
            <Button mt={10} size="compact-md" variant="default" onClick={() => setFailed(false)}>
              {t('common.retry')}
            </Button>
          </Notice>
        </div>
      )}
    </div>
  );
}
