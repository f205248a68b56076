import { Loader } from '@mantine/core';
import { useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { usePlayback } from '../lib/playback/use-playback';
import type { PlaybackSource } from '../lib/stream-urls';
import { IconButton } from './icon-button';
import classes from './player.module.css';

interface PlayerProps {
  /** What is shown, for people who cannot see it. */
  label: string;
  /** Null while it is not known yet. */
  source: PlaybackSource | null;
  /** Laid over the upper left corner. */
  overlay?: ReactNode;
  /** Fills the frame until the picture moves. */
  poster?: ReactNode;
}

/** A live picture: starts muted by itself, low delay first, falls back and comes back alone. */
export function Player({ label, source, overlay, poster }: PlayerProps) {
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [muted, setMuted] = useState(true);
  const state = usePlayback(video, source);

  return (
    <div className={classes.frame} ref={frame}>
      <video
        ref={video}
        className={classes.video}
        data-testid="preview-video"
        data-playing={state.phase === 'playing' || undefined}
        data-method={state.method}
        aria-label={label}
        muted={muted}
        autoPlay
        playsInline
        disableRemotePlayback
      />
      {state.phase !== 'playing' && poster && <div className={classes.poster}>{poster}</div>}
      {state.phase !== 'playing' && (
        <div className={classes.message} role="status">
          <Loader color="gray" size="sm" type="dots" />
          {t(`player.${state.phase}`)}
        </div>
      )}
      <div className={classes.overlay}>{overlay}</div>
      <div className={classes.controls}>
        <IconButton
          name={t(muted ? 'player.unmute' : 'player.mute')}
          icon={muted ? 'muted' : 'sound'}
          size={34}
          className={classes.control}
          onClick={() => setMuted(!muted)}
        />
        <IconButton
          name={t('player.fullscreen')}
          icon="expand"
          size={34}
          className={classes.control}
          onClick={() => void frame.current?.requestFullscreen?.()}
        />
      </div>
    </div>
  );
}
