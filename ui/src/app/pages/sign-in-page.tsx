import { Stack } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Card } from '../../components/card';
import { Notice } from '../../components/notice';
import { SignInForm } from '../../features/account/components/sign-in-form';
import { FullScreen } from '../full-screen';
import { useTitle } from '../use-title';

export function SignInPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { ended } = useSearch({ from: '/sign-in' });
  useTitle(t('signIn.title'));
  return (
    <FullScreen title={t('signIn.title')} text={t('signIn.text', { host: location.host })}>
      <Stack>
        {ended && (
          <Notice tone="idle" role="status">
            {t('signIn.ended')}
          </Notice>
        )}
        <Card label={t('signIn.title')}>
          <SignInForm onDone={() => void navigate({ to: '/' })} />
        </Card>
      </Stack>
    </FullScreen>
  );
}
