import { useState } from 'react';
import { Icon } from '../../../components/icons';
import { apiUrl } from '../../../lib/api-client';
import { formatClock } from '../../../lib/format';
import type { Recording } from '../../../lib/recording-types';
import classes from './poster.module.css';

/** A small picture of a recording with its length; a sign in its place while there is none. */
export function Poster({ recording: { id, has_poster, duration_ms } }: { recording: Recording }) {
  const [missing, setMissing] = useState(false);
  return (
    <span className={classes.poster} aria-hidden="true">
      {has_poster && !missing ? (
        <img src={apiUrl(`recordings/poster/${id}`)} alt="" loading="lazy" decoding="async" onError={() => setMissing(true)} />
      ) : (
        <Icon name="recordings" size={22} />
      )}
      <span className={classes.length}>{formatClock(duration_ms / 1000)}</span>
    </span>
  );
}
