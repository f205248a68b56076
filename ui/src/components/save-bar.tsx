import { Button, Group, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from './helpful-error';
import classes from './save-bar.module.css';

interface SaveBarProps {
  label: string;
  /** Something differs from what is in force. */
  dirty: boolean;
  pending: boolean;
  saved: boolean;
  error: unknown;
  onSave: () => void;
}

/** The end of a form that is saved as a whole: what is unsaved is marked. */
export function SaveBar({ label, dirty, pending, saved, error, onSave }: SaveBarProps) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm">
      {error != null && <HelpfulError error={error} />}
      <Group justify="flex-end" gap="md">
        <span role="status" className={classes.state} data-dirty={dirty || undefined}>
          {dirty ? t('form.unsaved') : saved ? t('form.saved') : ''}
        </span>
        <Button disabled={!dirty} loading={pending} onClick={onSave}>
          {label}
        </Button>
      </Group>
    </Stack>
  );
}
