import { Button, Checkbox, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Notice } from '../../../components/notice';
import { formatBytes } from '../../../lib/format';
import { problemText } from '../../../lib/problem-text';
import type { Recording } from '../../../lib/recording-types';
import { useDeleteRecordings } from '../api/use-library';
import { nameOf } from '../recording-state';

interface DeleteModalProps {
  recordings: Recording[];
  onClose: () => void;
  /** With the ids of those that could not be deleted. */
  onDeleted: (refused: string[]) => void;
}

/** Asks before recordings are deleted for good; of several their number has to be typed. */
export function DeleteModal({ recordings, onClose, onDeleted }: DeleteModalProps) {
  const { t } = useTranslation();
  const remove = useDeleteRecordings();
  // What is asked about stays what it was when the question was put.
  const [asked] = useState(recordings);
  const [typed, setTyped] = useState('');
  const [bucketToo, setBucketToo] = useState(true);
  const count = asked.length;
  const [first] = asked;
  const sure = count === 1 || typed.trim() === String(count);
  const stored = asked.some(({ upload }) => upload !== 'none');
  const kept = asked.filter(({ keep }) => keep).length;
  const refused = remove.data ?? [];
  const names = new Map(asked.map((one) => [one.id, nameOf(one)]));
  const submit = () => {
    if (!sure) return;
    remove.mutate(
      { ids: asked.map(({ id }) => id), bucket_too: bucketToo },
      {
        onSuccess: (left) => {
          onDeleted(left.map(({ id }) => id));
          if (left.length === 0) onClose();
        },
      },
    );
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={count === 1 && first ? t('recordings.delete.one', { name: nameOf(first) }) : t('recordings.delete.many', { count })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {remove.isSuccess ? (
          <Stack>
            <Notice tone="warn" role="alert" title={t('recordings.delete.refused', { count: refused.length })}>
              <ul style={{ margin: '6px 0 0', paddingLeft: 18 }}>
                {refused.map((one) => (
                  <li key={one.id}>
                    {names.get(one.id) ?? one.id}: {problemText(one, t).message}
                  </li>
                ))}
              </ul>
            </Notice>
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                {t('common.close')}
              </Button>
            </Group>
          </Stack>
        ) : (
          <Stack>
            <Text>
              {t('recordings.delete.text', { size: formatBytes(asked.reduce((sum, { size_bytes, mp4_bytes }) => sum + size_bytes + (mp4_bytes ?? 0), 0)) })}
            </Text>
            {kept > 0 && <Notice tone="warn">{t('recordings.delete.kept', { count: kept })}</Notice>}
            {stored && (
              <Checkbox
                label={t('recordings.delete.bucketToo')}
                description={t('recordings.delete.bucketTooHint')}
                checked={bucketToo}
                onChange={(event) => setBucketToo(event.currentTarget.checked)}
              />
            )}
            {count > 1 && (
              <TextInput
                data-autofocus
                label={t('recordings.delete.type', { count })}
                inputMode="numeric"
                autoComplete="off"
                value={typed}
                onChange={(event) => setTyped(event.currentTarget.value)}
              />
            )}
            {remove.error && <HelpfulError error={remove.error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose} data-autofocus={count === 1 || undefined}>
                {t('common.cancel')}
              </Button>
              <Button type="submit" color="red.8" disabled={!sure} loading={remove.isPending}>
                {t('recordings.delete.confirm', { count })}
              </Button>
            </Group>
          </Stack>
        )}
      </form>
    </Modal>
  );
}
