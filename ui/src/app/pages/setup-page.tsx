import { useQuery } from '@tanstack/react-query';
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
  const [code] = useState(() => new URLSearchParams(location.hash.slice(1)).get('code') ?? '');

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
          onDone={() => {
            // A used code has no place in the history.
            history.replaceState(history.state, '', location.pathname);
            setHasPassword(true);
          }}
        />
      </Card>
    </FullScreen>
  );
}
