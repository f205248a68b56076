import { Tabs } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DraftItem } from '../channel-draft';
import classes from './add-items.module.css';
import { AddAddress } from './add-address';
import { AddFiles } from './add-files';
import { AddRecordings } from './add-recordings';

interface AddItemsProps {
  /** What is in the playlist already. */
  items: DraftItem[];
  allowPrivate: boolean;
  /** Sends own files. */
  uploads: ReactNode;
  onAdd: (item: DraftItem) => void;
}

/** The ways by which something comes into a playlist. */
export function AddItems({ items, allowPrivate, uploads, onAdd }: AddItemsProps) {
  const { t } = useTranslation();
  const targets = new Set(items.map(({ target }) => target));
  return (
    // What is hidden goes on: a file that arrives while another way is shown joins the playlist, too.
    <Tabs defaultValue="upload" variant="outline" keepMountedMode="display-none" className={classes.tabs}>
      <Tabs.List aria-label={t('channels.add.title')}>
        <Tabs.Tab value="upload">{t('channels.add.upload')}</Tabs.Tab>
        <Tabs.Tab value="files">{t('channels.add.files')}</Tabs.Tab>
        <Tabs.Tab value="library">{t('channels.add.library')}</Tabs.Tab>
        <Tabs.Tab value="address">{t('channels.add.address')}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="upload" keepMounted className={classes.panel}>
        {uploads}
        <p className={classes.hint}>{t('channels.add.uploadHint')}</p>
      </Tabs.Panel>
      <Tabs.Panel value="files" keepMounted={false} className={classes.panel}>
        <AddFiles targets={targets} onAdd={onAdd} />
      </Tabs.Panel>
      <Tabs.Panel value="library" keepMounted={false} className={classes.panel}>
        <AddRecordings targets={targets} onAdd={onAdd} />
      </Tabs.Panel>
      <Tabs.Panel value="address" keepMounted={false} className={classes.panel}>
        <AddAddress allowPrivate={allowPrivate} onAdd={onAdd} />
      </Tabs.Panel>
    </Tabs>
  );
}
