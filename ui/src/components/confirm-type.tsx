import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from './helpful-error';

interface ConfirmTypeProps {
  title: string;
  text: string;
  /** What has to be typed, and the words that ask for it. */
  word: string;
  ask: string;
  confirm: string;
  pending: boolean;
  error: unknown;
  /** Between the text and the field. */
  children?: ReactNode;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something big: a word has to be typed first. */
export function ConfirmType({ title, text, word, ask, confirm, pending, error, children, onConfirm, onClose }: ConfirmTypeProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  const sure = typed.trim().toLowerCase() === word.toLowerCase();
  return (
    <Modal opened onClose={onClose} closeOnClickOutside={false} title={title} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (sure) onConfirm();
        }}
      >
        <Stack>
          <Text>{text}</Text>
          {children}
          <TextInput label={ask} autoComplete="off" autoCapitalize="off" spellCheck={false} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
          {error != null && <HelpfulError error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" color="red.8" disabled={!sure} loading={pending}>
              {confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
