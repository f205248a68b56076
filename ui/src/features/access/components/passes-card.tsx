import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { Icon } from '../../../components/icons';
import { Loaded } from '../../../components/loaded';
import { Notice } from '../../../components/notice';
import type { Pass } from '../../../lib/api-types';
import { playRuleQuery, type StreamRef } from '../../../lib/queries';
import { passesQuery } from '../api/use-passes';
import { CreatePassModal } from './create-pass-modal';
import { PassLinksModal } from './pass-links-modal';
import { PassesTable } from './passes-table';

/** The passes of one stream or recording: made, handed out as links, taken back. */
export function PassesCard({ of, name = `${of.app}/${of.stream}` }: { of: StreamRef; name?: string }) {
  const { t } = useTranslation();
  const passes = useQuery(passesQuery(of));
  const rule = useQuery(playRuleQuery(of));
  const [creating, setCreating] = useState(false);
  const [shown, setShown] = useState<Pass | null>(null);
  const create = (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setCreating(true)}>
      {t('passes.new')}
    </Button>
  );
  const some = (passes.data?.length ?? 0) > 0;
  return (
    <Card title={t('passes.title')} aside={some && create}>
      <Loaded query={passes}>
        {(list) =>
          some ? (
            <>
              {rule.data?.kind === 'public' ? (
                <div style={{ marginBottom: 14 }}>
                  <Notice tone="idle">{t('passes.notNeeded')}</Notice>
                </div>
              ) : (
                <p style={{ margin: '0 0 14px', color: 'var(--ss-dim)' }}>{t('passes.text')}</p>
              )}
              <PassesTable passes={list} onShowLinks={setShown} />
            </>
          ) : (
            <EmptyState icon="link" title={t('passes.emptyTitle')} text={t('passes.emptyText')} action={create} />
          )
        }
      </Loaded>
      {creating && (
        <CreatePassModal
          of={of}
          name={name}
          onClose={() => setCreating(false)}
          onCreated={({ pass }) => {
            setCreating(false);
            setShown(pass);
          }}
        />
      )}
      {shown && <PassLinksModal of={shown} onClose={() => setShown(null)} />}
    </Card>
  );
}
