import { Button, Group, Modal, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Notice } from '../../../components/notice';
import { useChangePassword } from '../api/use-account';
import { isComplete, NewPasswordFields, type NewPassword } from './new-password-fields';
import { PasswordField } from '../../../components/password-field';

export function ChangePasswordModal({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const change = useChangePassword();
  const [current, setCurrent] = useState('');
  const [value, setValue] = useState<NewPassword>({ password: '', again: '' });
  const [tried, setTried] = useState(false);

  const submit = () => {
    setTried(true);
    if (current === '' || !isComplete(value)) return;
    change.mutate({ password: current, new_password: value.password });
  };

  return (
    <Modal opened onClose={onClose} title={t('password.change')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {change.isSuccess ? (
        <Stack>
          <Notice tone="ok" role="status" title={t('password.changed')}>
            {t('password.changedText')}
          </Notice>
          <Button onClick={onClose}>{t('common.close')}</Button>
        </Stack>
      ) : (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <Stack>
            <PasswordField
              label={t('password.current')}
              autoComplete="current-password"
              data-autofocus
              value={current}
              onChange={(event) => setCurrent(event.currentTarget.value)}
              error={tried && current === '' ? t('password.currentMissing') : undefined}
            />
            <NewPasswordFields label={t('password.new')} value={value} onChange={setValue} complain={tried} />
            {change.error !== null && <HelpfulError error={change.error} plain />}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                {t('common.cancel')}
              </Button>
              <Button type="submit" loading={change.isPending}>
                {t('password.change')}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
