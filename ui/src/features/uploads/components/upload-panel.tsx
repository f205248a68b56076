import { Button, VisuallyHidden } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { formatBytes } from '../../../lib/format';
import { unfinishedQuery, uploadLimitQuery } from '../api/use-uploads';
import type { OwnUpload } from '../upload-queue';
import { useArrivals, useOwnUploads, type UploadPurpose } from '../use-own-uploads';
import { UnfinishedRow } from './unfinished-row';
import classes from './upload-panel.module.css';
import { UploadRow } from './upload-row';

/** What a browser offers first; any file may be dropped. */
const VIDEO = 'video/*,audio/*,.mkv,.flv,.ts,.mts,.m2ts,.mxf';

export interface UploadPanelProps {
  /** What files are sent for; the library when it is left out. */
  purpose?: UploadPurpose;
  /** Names who adds files here; what others added is offered, not taken by itself. */
  owner?: string;
  /** Called with each file that has arrived and was added by `owner`, or is taken from the list. Keep it the same function. */
  onArrived?: (file: { id: string; name: string }) => void;
}

/** Send own files: choose or drop them, and see how far they are. */
export function UploadPanel({ purpose = 'library', owner = '', onArrived }: UploadPanelProps) {
  const { t } = useTranslation();
  const { uploads, queue } = useOwnUploads(purpose);
  const limit = useQuery(uploadLimitQuery);
  const unfinished = useQuery(unfinishedQuery);
  const field = useRef<HTMLInputElement>(null);
  const known = (unfinished.data ?? []).filter((one) => one.purpose === (purpose === 'vlive' ? 'vlive' : ''));
  const add = (files: File[]) => {
    if (files.length > 0) queue.add(files, { limit: limit.data ?? null, unfinished: known, owner });
  };
  const { over, ...dropping } = useDrop(add);
  const rest = known.filter(({ id }) => !uploads.some((one) => one.id === id));
  const take = useCallback(
    (upload: OwnUpload) => {
      onArrived?.(upload);
      queue.forget(upload.key);
    },
    [onArrived, queue],
  );
  useArrivals(
    purpose,
    useCallback((upload) => onArrived && upload.owner === owner && take(upload), [onArrived, owner, take]),
  );

  return (
    <section className={classes.panel} data-over={over || undefined} aria-label={t('uploads.title')} {...dropping}>
      <div className={classes.head}>
        <Button variant="default" leftSection={<Icon name="share" size={16} />} onClick={() => field.current?.click()}>
          {t('uploads.choose')}
        </Button>
        <p className={classes.hint}>
          {t('uploads.drop')} {limit.data != null && t('uploads.limit', { size: formatBytes(limit.data) })}
        </p>
        <VisuallyHidden>
          <input
            ref={field}
            type="file"
            multiple
            accept={VIDEO}
            tabIndex={-1}
            aria-label={t('uploads.choose')}
            onChange={(event) => {
              add([...(event.currentTarget.files ?? [])]);
              // The same file can be chosen again.
              event.currentTarget.value = '';
            }}
          />
        </VisuallyHidden>
      </div>
      {unfinished.error && uploads.length === 0 && <HelpfulError error={unfinished.error} onRetry={() => void unfinished.refetch()} />}
      {uploads.length + rest.length > 0 && (
        <ul className={classes.list}>
          {uploads.map((one) => (
            <UploadRow key={one.key} upload={one} queue={queue} onTake={onArrived && (() => take(one))} />
          ))}
          {rest.map((one) => (
            <UnfinishedRow key={one.id} one={one} onChoose={() => field.current?.click()} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** Files dropped on an element, and whether some are held over it. A file dropped beside it opens no other page. */
function useDrop(onFiles: (files: File[]) => void) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const ignore = (event: Event) => event.preventDefault();
    addEventListener('dragover', ignore);
    addEventListener('drop', ignore);
    return () => {
      removeEventListener('dragover', ignore);
      removeEventListener('drop', ignore);
    };
  }, []);
  return {
    over,
    onDragEnter: () => setOver(true),
    onDragOver: () => setOver(true),
    onDragLeave: (event: DragEvent<HTMLElement>) => {
      if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
    },
    onDrop: (event: DragEvent<HTMLElement>) => {
      event.preventDefault();
      setOver(false);
      onFiles([...event.dataTransfer.files]);
    },
  };
}
