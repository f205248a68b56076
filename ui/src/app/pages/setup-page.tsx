import { useQuery } from '@tanstack/react-query';
import { useLocation } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../components/card';
import { FirstPasswordForm } from '../../features/account/components/first-password-form';
import { initQuery } from '../../lib/queries';
import { FullScreen } from '../full-screen';
import { LiveProvider } from '../live-provider';
import { useTitle } from '../use-title';
import { SetupPicture } from './setup-picture';
import { SetupSteps } from './setup-steps';

/** The first run: password, then the first picture. */
export function SetupPage() {
  const { t } = useTranslation();
  useTitle(t('setup.title'));
  const [hasPassword, setHasPassword] = useState(false);
  const init = useQuery({ ...initQuery, enabled: !hasPassword });
  // In the fragment, so that it reaches no server log on the way.
  const code = new URLSearchParams(useLocation().hash).get('code') ?? '';

  if (hasPassword) {
    return (
      <LiveProvider>
        <SetupPicture />
      </LiveProvider>
    );
  }
  return (
    <FullScreen title={t('setup.title')} text={t('setup.text')} above={<SetupSteps current="password" />}>
      <Card label={t('setup.title')}>
        <FirstPasswordForm
          codeRequired={init.data?.setup_code_required ?? true}
          code={code}
          onDone={() => setHasPassword(true)}
        />
      </Card>
    </FullScreen>
  );
}
