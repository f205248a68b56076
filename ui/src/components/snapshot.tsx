import { useEffect, useRef, useState, type ReactNode } from 'react';
import { apiUrl } from '../lib/api-client';
import { useDocumentVisible } from '../lib/use-document-visible';
import { useOnScreen } from '../lib/use-on-screen';
import classes from './snapshot.module.css';

const EVERY_MS = 10_000;
/** An older picture is taken away when no newer one can be had. */
const KEPT_MS = 30_000;

interface SnapshotProps {
  app: string;
  stream: string;
  /** Empty where words beside it say what it is. */
  alt: string;
  /** In its place while there is none. */
  children?: ReactNode;
}

/** A still picture of a live stream, renewed every 10 s while somebody can see it; fills its holder. */
export function Snapshot({ app, stream, alt, children }: SnapshotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const onScreen = useOnScreen(frame);
  const visible = useDocumentVisible();
  const looking = onScreen && visible;
  const askedAt = useRef(-EVERY_MS);
  // Pictures by the time at which they were asked for, ms.
  const [coming, setComing] = useState<number | null>(null);
  const [shown, setShown] = useState<number | null>(null);

  useEffect(() => {
    if (!looking) return;
    let timer: ReturnType<typeof setTimeout>;
    const ask = () => {
      askedAt.current = Date.now();
      setComing(askedAt.current);
      timer = setTimeout(ask, EVERY_MS);
    };
    timer = setTimeout(ask, Math.max(0, askedAt.current + EVERY_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [looking]);

  const source = (at: number) => apiUrl(`ffmpeg/snapshot/${encodeURIComponent(app)}/${encodeURIComponent(stream)}.jpg?at=${at}`);
  const arrived = (at: number) => {
    setShown(at);
    setComing(null);
  };
  const failed = (at: number) => {
    setComing(null);
    setShown((old) => (old !== null && at - old <= KEPT_MS ? old : null));
  };
  // One element for each picture: what is loaded out of sight is then shown as it is.
  const pictures = [...new Set([shown, coming])].filter((at) => at !== null);
  return (
    <div ref={frame} className={classes.frame}>
      {shown === null && children}
      {pictures.map((at) => (
        <img
          key={at}
          className={classes.picture}
          data-coming={at !== shown || undefined}
          src={source(at)}
          alt={at === shown ? alt : ''}
          onLoad={() => at === coming && arrived(at)}
          onError={() => failed(at)}
        />
      ))}
    </div>
  );
}
