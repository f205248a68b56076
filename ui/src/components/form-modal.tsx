import { Modal, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { FormEnd } from './form-end';

interface FormModalProps {
  title: string;
  submit: string;
  pending: boolean;
  error: unknown;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** A few fields and one answer. Enter sends it, Escape leaves. */
export function FormModal({ title, submit, pending, error, onSubmit, onClose, children }: FormModalProps) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <Stack>
          {children}
          <FormEnd submit={submit} pending={pending} error={error} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
