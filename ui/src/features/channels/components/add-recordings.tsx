import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Loaded } from '../../../components/loaded';
import { serverFilesQuery } from '../api/use-channels';
import { newItem, type DraftItem } from '../channel-draft';
import classes from './add-items.module.css';
import { FileList } from './file-list';

interface AddRecordingsProps {
  targets: ReadonlySet<string>;
  onAdd: (item: DraftItem) => void;
}

/** Recordings of the library whose film lies on this disk. */
export function AddRecordings({ targets, onAdd }: AddRecordingsProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  const query = useQuery(serverFilesQuery('record'));
  return (
    <>
      <div className={classes.tools}>
        <TextInput
          type="search"
          aria-label={t('channels.add.searchLibrary')}
          placeholder={t('channels.add.searchLibrary')}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </div>
      <Loaded query={query} rows={2}>
        {({ files }) => (
          <FileList
            files={files}
            typed={typed}
            targets={targets}
            none={t('channels.add.none.record')}
            onAdd={({ path, name, bytes, duration_ms }) => onAdd(newItem('file', name, path, { bytes, duration_ms }))}
          />
        )}
      </Loaded>
    </>
  );
}
