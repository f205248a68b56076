import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Icon } from '../../../components/icons';
import { Loaded } from '../../../components/loaded';
import type { ApiKey } from '../../../lib/house-types';
import { apiKeysQuery } from '../api/use-api-keys';
import { ApiKeysTable } from './api-keys-table';

const CreateApiKey = lazy(() => import('./create-api-key').then((module) => ({ default: module.CreateApiKey })));
const ApiKeySecret = lazy(() => import('./api-key-secret').then((module) => ({ default: module.ApiKeySecret })));
const RemoveApiKey = lazy(() => import('./remove-api-key').then((module) => ({ default: module.RemoveApiKey })));

/** Keys of programs: made, shown once, taken back. */
export function ApiKeysCard() {
  const { t } = useTranslation();
  const query = useQuery(apiKeysQuery);
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<{ label: string; key: string } | null>(null);
  const [removing, setRemoving] = useState<ApiKey | null>(null);
  const create = (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setCreating(true)}>
      {t('apiKeys.new')}
    </Button>
  );
  const some = (query.data?.length ?? 0) > 0;
  return (
    <Card title={t('apiKeys.title')} aside={some && create}>
      <Loaded query={query}>
        {(keys) =>
          some ? <ApiKeysTable keys={keys} onRemove={setRemoving} /> : <EmptyState icon="key" title={t('apiKeys.emptyTitle')} text={t('apiKeys.emptyText')} action={create} />
        }
      </Loaded>
      <Suspense>
        {creating && (
          <CreateApiKey
            onClose={() => setCreating(false)}
            onMade={(label, key) => {
              setCreating(false);
              setMade({ label, key });
            }}
          />
        )}
        {made && <ApiKeySecret label={made.label} secret={made.key} onClose={() => setMade(null)} />}
        {removing && <RemoveApiKey of={removing} onClose={() => setRemoving(null)} />}
      </Suspense>
    </Card>
  );
}
