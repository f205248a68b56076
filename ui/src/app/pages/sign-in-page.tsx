import { Alert, Stack } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Card } from '../../components/card';
import { Icon } from '../../components/icons';
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
          <Alert color="gray" icon={<Icon name="info" />}>
            {t('signIn.ended')}
          </Alert>
        )}
        <Card label={t('signIn.title')}>
          <SignInForm onDone={() => void navigate({ to: '/streams' })} />
        </Card>
      </Stack>
    </FullScreen>
  );
}
