import { NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Loaded } from '../../../components/loaded';
import type { ServerFiles } from '../../../lib/ffmpeg-types';
import { formatBytes } from '../../../lib/format';
import { serverFilesQuery, useRemoveFile, type Folder } from '../api/use-channels';
import { newItem, type DraftItem } from '../channel-draft';
import classes from './add-items.module.css';
import { FileList } from './file-list';

const FOLDERS = ['vlive', 'upload'] as const satisfies readonly Folder[];

interface AddFilesProps {
  targets: ReadonlySet<string>;
  onAdd: (item: DraftItem) => void;
}

/** Films that lie on the server, uploaded or put there by hand. */
export function AddFiles({ targets, onAdd }: AddFilesProps) {
  const { t } = useTranslation();
  const [folder, setFolder] = useState<(typeof FOLDERS)[number]>('vlive');
  const [typed, setTyped] = useState('');
  const query = useQuery(serverFilesQuery(folder));
  const remove = useRemoveFile();
  return (
    <>
      <div className={classes.tools}>
        <NativeSelect
          aria-label={t('channels.add.folder')}
          value={folder}
          data={FOLDERS.map((value) => ({ value, label: t(`channels.add.folders.${value}`) }))}
          onChange={(event) => setFolder(event.currentTarget.value as (typeof FOLDERS)[number])}
        />
        <TextInput type="search" aria-label={t('channels.add.search')} placeholder={t('channels.add.search')} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
      </div>
      {remove.error && <HelpfulError error={remove.error} />}
      <Loaded query={query} rows={2}>
        {(found) => (
          <>
            <FileList
              files={found.files}
              typed={typed}
              targets={targets}
              none={t(`channels.add.none.${folder}`)}
              onAdd={({ path, name, bytes, duration_ms }) => onAdd(newItem(folder === 'vlive' ? 'upload' : 'file', name, path, { bytes, duration_ms }))}
              onDelete={(file) => remove.mutate(file.path)}
            />
            {folder === 'vlive' && found.files.length > 0 && <Used found={found} />}
          </>
        )}
      </Loaded>
    </>
  );
}

function Used({ found: { used_bytes, quota_bytes } }: { found: ServerFiles }) {
  const { t } = useTranslation();
  const used = formatBytes(used_bytes);
  return <p className={classes.hint}>{quota_bytes === null ? t('channels.add.used', { used }) : t('channels.add.usedOf', { used, quota: formatBytes(quota_bytes) })}</p>;
}
