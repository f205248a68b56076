import { Radio, Stack, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { Loaded } from '../../../components/loaded';
import { Notice } from '../../../components/notice';
import { besidesPassword, OperatorPassword } from '../../../components/operator-password';
import { SaveBar } from '../../../components/save-bar';
import type { UpgradeSettings } from '../../../lib/house-types';
import { useDraft } from '../../../lib/use-draft';
import { upgradeSettingsQuery, useUpdateUpgradeSettings } from '../api/use-upgrade';

const SOURCES = ['index', 'github', 'gitee', 'git'] as const;

/** Where releases come from, and whose signature counts. */
export function SourceCard() {
  const { t } = useTranslation();
  const query = useQuery(upgradeSettingsQuery);
  return (
    <Card title={t('upgrade.from.title')}>
      <Loaded query={query} rows={4}>
        {(settings) => <SourceForm settings={settings} />}
      </Loaded>
    </Card>
  );
}

function SourceForm({ settings: { channel, source, url, keys, pinned } }: { settings: UpgradeSettings }) {
  const { t } = useTranslation();
  const update = useUpdateUpgradeSettings();
  // Keys as text: one a line, as they are pasted.
  const { value, changes, dirty, change } = useDraft({ channel, source, url, keys: keys.join('\n') });
  const [password, setPassword] = useState('');
  const { keys: text, ...rest } = changes;
  // Whose code is run here as root depends on these; the channel only chooses among theirs.
  const needsPassword = text !== undefined || 'source' in rest || 'url' in rest;
  const save = () =>
    update.mutate(
      {
        ...rest,
        ...(text !== undefined && { keys: text.split('\n').map((line) => line.trim()).filter(Boolean) }),
        ...(needsPassword && { password }),
      },
      { onSuccess: () => setPassword('') },
    );
  return (
    <Stack gap="lg">
      <Radio.Group label={t('upgrade.channel')} value={value.channel} onChange={(next) => change({ channel: next as UpgradeSettings['channel'] })}>
        <Stack gap={10} mt={8}>
          {(['stable', 'latest'] as const).map((one) => (
            <Radio key={one} value={one} label={t(`upgrade.channels.${one}.name`)} description={t(`upgrade.channels.${one}.text`)} />
          ))}
        </Stack>
      </Radio.Group>
      <Radio.Group label={t('upgrade.source')} value={value.source} onChange={(next) => change({ source: next as UpgradeSettings['source'] })}>
        <Stack gap={10} mt={8}>
          {SOURCES.map((one) => (
            <Radio key={one} value={one} label={t(`upgrade.sources.${one}.name`)} description={t(`upgrade.sources.${one}.text`)} />
          ))}
        </Stack>
      </Radio.Group>
      <TextInput
        label={t('upgrade.from.url')}
        description={t(`upgrade.sources.${value.source}.url`)}
        autoCapitalize="off"
        autoComplete="off"
        spellCheck={false}
        maxLength={500}
        value={value.url}
        onChange={(event) => change({ url: event.currentTarget.value })}
      />
      <Textarea
        label={t('upgrade.from.keys')}
        description={t('upgrade.from.keysHint')}
        rows={3}
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
        value={value.keys}
        onChange={(event) => change({ keys: event.currentTarget.value })}
      />
      {pinned.length > 0 ? (
        <div>
          <p style={{ margin: '0 0 4px', color: 'var(--ss-dim)' }}>{t('upgrade.from.pinned')}</p>
          {pinned.map((key) => (
            <code key={key} style={{ display: 'block', fontSize: 12, overflowWrap: 'anywhere' }}>
              {key}
            </code>
          ))}
        </div>
      ) : (
        value.keys.trim() === '' && <Notice tone="warn">{t('upgrade.from.noKeys')}</Notice>
      )}
      {needsPassword && <OperatorPassword value={password} onChange={setPassword} error={update.error} />}
      <SaveBar label={t('upgrade.from.save')} dirty={dirty} pending={update.isPending} saved={update.isSuccess} error={besidesPassword(update.error)} onSave={save} />
    </Stack>
  );
}
