import { Button, FileButton, Group, Progress, Radio, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import { HelpfulError } from '../../../components/helpful-error';
import { IconButton } from '../../../components/icon-button';
import { Icon } from '../../../components/icons';
import { Loaded } from '../../../components/loaded';
import type { SlateFile } from '../../../lib/ffmpeg-types';
import { formatBytes, formatClock } from '../../../lib/format';
import { slateFilesQuery, useRemoveSlateFile, useUploadSlateFile } from '../api/use-programme';
import classes from './slate-file-picker.module.css';

interface SlateFilePickerProps {
  kind: 'picture' | 'clip';
  chosen: string | null;
  onChoose: (id: string | null) => void;
}

const ACCEPT = { picture: 'image/png,image/jpeg,image/webp', clip: 'video/mp4,video/quicktime,video/webm,video/x-matroska' };

/** Own pictures or clips: choose one, send another, remove one. */
export function SlateFilePicker({ kind, chosen, onChoose }: SlateFilePickerProps) {
  const { t } = useTranslation();
  const query = useQuery(slateFilesQuery);
  const upload = useUploadSlateFile();
  const remove = useRemoveSlateFile();
  const [sent, setSent] = useState(0);
  const [asking, setAsking] = useState<SlateFile | null>(null);
  const send = (file: File | null) => {
    if (!file) return;
    setSent(0);
    upload.mutate({ file, onProgress: setSent }, { onSuccess: (made) => made.kind === kind && onChoose(made.id) });
  };
  const size = upload.variables?.file.size ?? 0;
  const percent = size > 0 ? Math.floor((100 * sent) / size) : 0;
  return (
    <Loaded query={query} rows={2}>
      {({ files, max_bytes, max_clip_s }) => (
        <Stack gap={10}>
          <Choice files={files.filter((one) => one.kind === kind)} chosen={chosen} onChoose={onChoose} onRemove={setAsking} />
          <Group gap={12}>
            <FileButton accept={ACCEPT[kind]} onChange={send} inputProps={{ 'aria-label': t(`programme.slate.uploads.${kind}`) }}>
              {(props) => (
                <Button {...props} variant="default" loading={upload.isPending} leftSection={<Icon name="share" size={15} />}>
                  {t(`programme.slate.uploads.${kind}`)}
                </Button>
              )}
            </FileButton>
            <p className={classes.hint}>{t(`programme.slate.limits.${kind}`, { size: formatBytes(max_bytes), time: max_clip_s })}</p>
          </Group>
          {upload.isPending && <Progress value={percent} size="sm" aria-label={t('programme.slate.uploading', { name: upload.variables.file.name })} />}
          {upload.error && <HelpfulError error={upload.error} />}
          {asking && (
            <ConfirmModal
              title={t('programme.slate.removeTitle', { name: asking.name })}
              text={t('programme.slate.removeText')}
              confirm={t('programme.slate.removeConfirm')}
              pending={remove.isPending}
              error={remove.error}
              onConfirm={() =>
                remove.mutate(asking.id, {
                  onSuccess: () => {
                    if (asking.id === chosen) onChoose(null);
                    setAsking(null);
                  },
                })
              }
              onClose={() => setAsking(null)}
            />
          )}
        </Stack>
      )}
    </Loaded>
  );
}

interface ChoiceProps {
  files: SlateFile[];
  chosen: string | null;
  onChoose: (id: string) => void;
  onRemove: (file: SlateFile) => void;
}

function Choice({ files, chosen, onChoose, onRemove }: ChoiceProps) {
  const { t } = useTranslation();
  if (files.length === 0) return null;
  return (
    <Radio.Group label={t('programme.slate.file')} value={chosen} onChange={onChoose}>
      <ul className={classes.files}>
        {files.map((one) => (
          <li key={one.id} className={classes.file} data-chosen={one.id === chosen || undefined}>
            <Radio value={one.id} label={one.name} description={fileFacts(one)} />
            <IconButton icon="trash" name={t('programme.slate.remove', { name: one.name })} onClick={() => onRemove(one)} />
          </li>
        ))}
      </ul>
    </Radio.Group>
  );
}

function fileFacts({ width, height, duration_ms, bytes }: SlateFile): string {
  return [width > 0 ? `${width}×${height}` : '', duration_ms > 0 ? formatClock(duration_ms / 1000) : '', formatBytes(bytes)].filter(Boolean).join(' · ');
}
