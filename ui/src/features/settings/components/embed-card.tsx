import { Radio, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { SaveBar } from '../../../components/save-bar';
import type { FrontSettings } from '../../../lib/house-types';
import { useDraft } from '../../../lib/use-draft';
import { useUpdateFront } from '../../../lib/use-front';

const RULES = ['any', 'list', 'none'] as const;

/** Which other sites may show our players in a frame. */
export function EmbedCard({ front: { embed, embed_hosts } }: { front: FrontSettings }) {
  const { t } = useTranslation();
  const update = useUpdateFront();
  const { value, dirty, change } = useDraft({ embed, hosts: embed_hosts.join('\n') });
  const [tried, setTried] = useState(false);
  const hosts = value.hosts.split(/[\s,;]+/).filter(Boolean);
  const missing = value.embed === 'list' && hosts.length === 0;
  const save = () => {
    setTried(true);
    if (!missing) update.mutate({ embed: value.embed, embed_hosts: hosts });
  };
  return (
    <Card title={t('settings.embed.title')}>
      <Stack>
        <Radio.Group label={t('settings.embed.who')} value={value.embed} onChange={(rule) => change({ embed: rule as FrontSettings['embed'] })}>
          <Stack gap={10} mt={8}>
            {RULES.map((rule) => (
              <Radio key={rule} value={rule} label={t(`settings.embed.rules.${rule}.name`)} description={t(`settings.embed.rules.${rule}.text`)} />
            ))}
          </Stack>
        </Radio.Group>
        {value.embed === 'list' && (
          <Textarea
            label={t('settings.embed.hosts')}
            description={t('settings.embed.hostsHint')}
            placeholder={'example.com\n*.example.org'}
            rows={3}
            autoCapitalize="off"
            spellCheck={false}
            value={value.hosts}
            onChange={(event) => change({ hosts: event.currentTarget.value })}
            error={tried && missing ? t('settings.embed.hostsMissing') : undefined}
          />
        )}
        <SaveBar label={t('settings.embed.save')} dirty={dirty} pending={update.isPending} saved={update.isSuccess} error={update.error} onSave={save} />
      </Stack>
    </Card>
  );
}
