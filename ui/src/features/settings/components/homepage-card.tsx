import { Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { SaveBar } from '../../../components/save-bar';
import type { FrontSettings } from '../../../lib/house-types';
import { useDraft } from '../../../lib/use-draft';
import { useHomepage } from '../api/use-settings';

/** Where visitors of the bare address are sent. */
export function HomepageCard({ front: { homepage } }: { front: FrontSettings }) {
  const { t } = useTranslation();
  const update = useHomepage();
  const { value, dirty, change } = useDraft({ homepage });
  return (
    <Card title={t('settings.homepage.title')}>
      <Stack>
        <TextInput
          label={t('settings.homepage.url')}
          description={t('settings.homepage.hint', { host: location.host })}
          type="url"
          inputMode="url"
          placeholder="https://www.example.com/"
          autoCapitalize="off"
          spellCheck={false}
          maxLength={2000}
          value={value.homepage}
          onChange={(event) => change({ homepage: event.currentTarget.value })}
        />
        <SaveBar label={t('settings.homepage.save')} dirty={dirty} pending={update.isPending} saved={update.isSuccess} error={update.error} onSave={() => update.mutate(value.homepage.trim())} />
      </Stack>
    </Card>
  );
}
