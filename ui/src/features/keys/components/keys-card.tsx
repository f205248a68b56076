import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Icon } from '../../../components/icons';
import { Loaded } from '../../../components/loaded';
import type { NewKey } from '../../../lib/api-types';
import type { StreamRef } from '../../../lib/queries';
import { keysQuery } from '../api/use-keys';
import { CreateKeyModal } from './create-key-modal';
import { KeySecretModal } from './key-secret-modal';
import { KeysTable } from './keys-table';

/** The keys of one stream: made, shown once, switched off, replaced, taken back. */
export function KeysCard({ of }: { of: StreamRef }) {
  const { t } = useTranslation();
  const keys = useQuery(keysQuery(of));
  const [creating, setCreating] = useState(false);
  const [fresh, setFresh] = useState<NewKey | null>(null);
  const create = (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setCreating(true)}>
      {t('keys.new')}
    </Button>
  );
  const some = (keys.data?.length ?? 0) > 0;
  return (
    <Card title={t('keys.title')} aside={some && create}>
      <Loaded query={keys}>
        {(list) =>
          some ? (
            <>
              <p style={{ margin: '0 0 14px', color: 'var(--ss-dim)' }}>{t('keys.text')}</p>
              <KeysTable keys={list} onRotated={setFresh} />
            </>
          ) : (
            <EmptyState icon="key" title={t('keys.emptyTitle')} text={t('keys.emptyText')} action={create} />
          )
        }
      </Loaded>
      {creating && (
        <CreateKeyModal
          of={of}
          onClose={() => setCreating(false)}
          onCreated={(made) => {
            setCreating(false);
            setFresh(made);
          }}
        />
      )}
      {fresh && <KeySecretModal fresh={fresh} onClose={() => setFresh(null)} />}
    </Card>
  );
}
