import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../../components/icon-button';
import type { ServerFile } from '../../../lib/ffmpeg-types';
import { formatBytes, formatClock } from '../../../lib/format';
import classes from './add-items.module.css';

const STEP = 50;

interface FileListProps {
  files: ServerFile[];
  typed: string;
  /** Paths that are in the playlist. */
  targets: ReadonlySet<string>;
  /** Said of an empty folder. */
  none: string;
  onAdd: (file: ServerFile) => void;
  /** Without it nothing can be deleted here. */
  onDelete?: (file: ServerFile) => void;
}

/** Files to choose from, those whose name fits what was typed. */
export function FileList({ files, typed, targets, none, onAdd, onDelete }: FileListProps) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<string | null>(null);
  const [shown, setShown] = useState(STEP);
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = files.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
  if (fitting.length === 0) return <p className={classes.hint}>{files.length === 0 ? none : t('channels.add.noMatch')}</p>;
  return (
    <>
      <ul className={classes.files}>
        {fitting.slice(0, shown).map((file) => (
          <li key={file.path} className={classes.file}>
            <span className={classes.name}>{file.name}</span>
            <span className={classes.facts}>{[file.duration_ms > 0 && formatClock(file.duration_ms / 1000), formatBytes(file.bytes)].filter(Boolean).join(' · ')}</span>
            {targets.has(file.path) && <span className={classes.added}>{t('channels.add.added')}</span>}
            <Button size="compact-sm" variant="default" aria-label={t('channels.add.addOf', { name: file.name })} onClick={() => onAdd(file)}>
              {t('channels.add.add')}
            </Button>
            {onDelete && !targets.has(file.path) && <IconButton icon="trash" name={t('channels.add.delete', { name: file.name })} onClick={() => setAsked(file.path)} />}
            {onDelete && asked === file.path && (
              <div className={classes.ask} role="alert">
                {t('channels.add.deleteAsk', { name: file.name })}
                <Button
                  size="compact-sm"
                  color="red.8"
                  onClick={() => {
                    setAsked(null);
                    onDelete(file);
                  }}
                >
                  {t('channels.add.deleteYes')}
                </Button>
                <Button size="compact-sm" variant="default" onClick={() => setAsked(null)}>
                  {t('channels.add.deleteNo')}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
      {fitting.length > shown && (
        <Button mt={8} size="compact-sm" variant="default" onClick={() => setShown(shown + STEP)}>
          {t('table.more', { count: fitting.length - shown })}
        </Button>
      )}
    </>
  );
}
