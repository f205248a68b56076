import { Button, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { useSignIn } from '../api/use-account';
import { PasswordField } from '../../../components/password-field';

export function SignInForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const signIn = useSignIn();
  const [password, setPassword] = useState('');
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (password !== '') signIn.mutate(password, { onSuccess: onDone });
      }}
    >
      <Stack gap="md">
        <PasswordField
          label={t('password.label')}
          autoComplete="current-password"
          autoFocus
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {signIn.error !== null && <HelpfulError error={signIn.error} plain />}
        <Button type="submit" size="md" loading={signIn.isPending} disabled={password === ''}>
          {t('signIn.submit')}
        </Button>
      </Stack>
    </form>
  );
}
