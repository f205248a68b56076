import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { FormModal } from '../../../components/form-modal';
import { HelpfulError } from '../../../components/helpful-error';
import { Notice } from '../../../components/notice';
import { besidesPassword, OperatorPassword } from '../../../components/operator-password';
import { usePubkey } from '../api/use-settings';

const FORM = /^(ssh-(ed25519|rsa)|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/=]+( .*)?$/;

/** The operator's own key for signing in to the machine. */
export function SshKeyCard() {
  const { t } = useTranslation();
  const pubkey = usePubkey();
  const [key, setKey] = useState('');
  const [tried, setTried] = useState(false);
  const [asking, setAsking] = useState<'add' | 'remove' | null>(null);
  const typed = key.trim();
  const wrong = !FORM.test(typed);
  const [password, setPassword] = useState('');
  const close = () => {
    setAsking(null);
    setPassword('');
  };
  const ask = (what: 'add' | 'remove') => {
    pubkey.reset();
    setAsking(what);
  };
  return (
    <Card title={t('settings.ssh.title')}>
      <Stack>
        <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('settings.ssh.text')}</p>
        <Textarea
          label={t('settings.ssh.key')}
          description={t('settings.ssh.keyHint')}
          placeholder="ssh-ed25519 AAAA… me@laptop"
          rows={3}
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          maxLength={8000}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
          value={key}
          onChange={(event) => {
            setKey(event.currentTarget.value);
            setTried(false);
          }}
          error={tried && wrong ? t('settings.ssh.invalid') : undefined}
        />
        {pubkey.data && (
          <Notice tone="ok" role="status" title={t(pubkey.data.fingerprints.length > 0 ? 'settings.ssh.inForce' : 'settings.ssh.none')}>
            {pubkey.data.fingerprints.map((fingerprint) => (
              <code key={fingerprint} style={{ display: 'block', fontSize: 12, overflowWrap: 'anywhere' }}>
                {fingerprint}
              </code>
            ))}
          </Notice>
        )}
        {pubkey.error && asking === null && <HelpfulError error={pubkey.error} />}
        <Group>
          <Button
            variant="default"
            onClick={() => {
              setTried(true);
              if (!wrong) ask('add');
            }}
          >
            {t('settings.ssh.add')}
          </Button>
          <Button variant="default" onClick={() => ask('remove')}>
            {t(typed === '' ? 'settings.ssh.removeAll' : 'settings.ssh.removeOne')}
          </Button>
        </Group>
      </Stack>
      {asking && (
        <FormModal
          title={t(`settings.ssh.${asking}Title`)}
          submit={t(`settings.ssh.${asking}Confirm`)}
          pending={pubkey.isPending}
          error={besidesPassword(pubkey.error)}
          onSubmit={() => pubkey.mutate({ enabled: asking === 'add', key: typed, password }, { onSuccess: close })}
          onClose={close}
        >
          <Text>{t(asking === 'add' ? 'settings.ssh.addText' : typed === '' ? 'settings.ssh.removeAllText' : 'settings.ssh.removeOneText')}</Text>
          <OperatorPassword value={password} onChange={setPassword} error={pubkey.error} />
        </FormModal>
      )}
    </Card>
  );
}
