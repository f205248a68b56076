import { SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { Loaded } from '../../../components/loaded';
import { SaveBar } from '../../../components/save-bar';
import { footQuery } from '../../../lib/foot';
import type { Beian } from '../../../lib/house-types';
import { useDraft } from '../../../lib/use-draft';
import { useUpdateFoot } from '../api/use-settings';

/** The name of the site, and what the law of mainland China wants at its foot. */
export function FootCard() {
  const { t } = useTranslation();
  const query = useQuery(footQuery);
  return (
    <Card title={t('settings.foot.heading')}>
      <Loaded query={query}>{(foot) => <FootForm foot={foot} />}</Loaded>
    </Card>
  );
}

const LONGEST = 200;

function FootForm({ foot: { title, icp, police } }: { foot: Beian }) {
  const { t } = useTranslation();
  const update = useUpdateFoot();
  const { value, changes, dirty, change } = useDraft({ title: title ?? '', icp: icp ?? '', police: police ?? '' });
  const field = (name: 'title' | 'icp' | 'police') => ({
    label: t(`settings.foot.${name}`),
    description: t(`settings.foot.${name}Hint`),
    maxLength: LONGEST,
    value: value[name],
    onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
  });
  return (
    <Stack>
      <TextInput {...field('title')} />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput {...field('icp')} placeholder="京ICP备12345678号-1" />
        <TextInput {...field('police')} placeholder="京公网安备11000002000001号" />
      </SimpleGrid>
      <SaveBar
        label={t('settings.foot.save')}
        dirty={dirty}
        pending={update.isPending}
        saved={update.isSuccess}
        error={update.error}
        onSave={() => update.mutate(Object.fromEntries(Object.entries(changes).map(([name, text]) => [name, text.trim()])))}
      />
    </Stack>
  );
}
