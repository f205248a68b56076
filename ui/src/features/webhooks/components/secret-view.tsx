import { Button, Code, Group, Stack, Tabs, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '../../../components/copy-button';
import { CopyField } from '../../../components/copy-field';
import { Notice } from '../../../components/notice';
import { VERIFY_SAMPLES } from '../verify-samples';

const MASK = '••••••••••••••••';

/** A new signing secret, shown this once, and what the receiver does with it. */
export function SecretView({ secret, onDone }: { secret: string; onDone: () => void }) {
  const { t } = useTranslation();
  return (
    <Stack gap="lg">
      <Notice tone="warn" title={t('webhooks.secret.once')}>
        <p>{t('webhooks.secret.onceText')}</p>
      </Notice>
      <CopyField label={t('webhooks.secret.label')} value={secret} masked={MASK} />
      <section>
        <h3 style={{ margin: '0 0 6px', fontSize: 14, fontWeight: 600 }}>{t('webhooks.secret.verify')}</h3>
        <Text size="sm" c="dimmed">
          {t('webhooks.secret.verifyText')}
        </Text>
        <Tabs defaultValue={VERIFY_SAMPLES[0].language} keepMounted={false} mt={10}>
          <Tabs.List>
            {VERIFY_SAMPLES.map(({ language }) => (
              <Tabs.Tab key={language} value={language}>
                {language}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {VERIFY_SAMPLES.map(({ language, code }) => (
            <Tabs.Panel key={language} value={language} pt={10}>
              <Code block tabIndex={0} style={{ maxHeight: 260, overflow: 'auto' }}>
                {code}
              </Code>
              <CopyButton size="compact-sm" mt={8} value={code}>
                {t('webhooks.secret.copyCode')}
              </CopyButton>
            </Tabs.Panel>
          ))}
        </Tabs>
        <Text size="sm" c="dimmed" mt={12}>
          {t('webhooks.secret.repeat')}
        </Text>
      </section>
      <Group justify="flex-end">
        <Button onClick={onDone}>{t('webhooks.secret.done')}</Button>
      </Group>
    </Stack>
  );
}
