import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { ConfirmModal } from '../../../components/confirm-modal';
import { DataTable } from '../../../components/data-table';
import { FormModal } from '../../../components/form-modal';
import { IconButton } from '../../../components/icon-button';
import { Icon } from '../../../components/icons';
import type { FrontSettings } from '../../../lib/house-types';
import { useProxy } from '../api/use-settings';

type Proxy = FrontSettings['proxies'][number];

/** Other servers that are reached through this one. */
export function ProxiesCard({ front: { proxies } }: { front: FrontSettings }) {
  const { t } = useTranslation();
  const proxy = useProxy();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Proxy | null>(null);
  const close = () => {
    setAdding(false);
    setRemoving(null);
    proxy.reset();
  };
  const columns = [
    { key: 'location', head: t('settings.proxies.location'), kind: 'main' as const, cell: ({ location }: Proxy) => <code>{location}</code> },
    { key: 'backend', head: t('settings.proxies.backend'), cell: ({ backend }: Proxy) => <code style={{ overflowWrap: 'anywhere' }}>{backend}</code> },
    {
      key: 'actions',
      head: t('settings.proxies.actions'),
      kind: 'actions' as const,
      cell: (one: Proxy) => <IconButton name={t('settings.proxies.remove', { location: one.location })} icon="trash" onClick={() => setRemoving(one)} />,
    },
  ];
  return (
    <Card
      title={t('settings.proxies.title')}
      aside={
        <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
          {t('settings.proxies.add')}
        </Button>
      }
    >
      <p style={{ margin: proxies.length > 0 ? '0 0 14px' : 0, color: 'var(--ss-dim)' }}>{t('settings.proxies.text')}</p>
      {proxies.length > 0 && <DataTable label={t('settings.proxies.title')} columns={columns} rows={proxies} rowKey={({ location }) => location} />}
      {adding && <AddProxy proxy={proxy} onClose={close} />}
      {removing && (
        <ConfirmModal
          title={t('settings.proxies.removeTitle', { location: removing.location })}
          text={t('settings.proxies.removeText', { backend: removing.backend })}
          confirm={t('settings.proxies.removeConfirm')}
          pending={proxy.isPending}
          error={proxy.error}
          onConfirm={() => proxy.mutate({ location: removing.location, backend: '' }, { onSuccess: close })}
          onClose={close}
        />
      )}
    </Card>
  );
}

function AddProxy({ proxy, onClose }: { proxy: ReturnType<typeof useProxy>; onClose: () => void }) {
  const { t } = useTranslation();
  const [entry, setEntry] = useState({ location: '/', backend: '' });
  const [tried, setTried] = useState(false);
  const faults = { location: !/^\/\S*$/.test(entry.location.trim()), backend: !/^https?:\/\/[^\s/]+/i.test(entry.backend.trim()) };
  const exact = { autoCapitalize: 'off', autoComplete: 'off', spellCheck: false } as const;
  return (
    <FormModal
      title={t('settings.proxies.add')}
      submit={t('settings.proxies.add')}
      pending={proxy.isPending}
      error={proxy.error}
      onSubmit={() => {
        setTried(true);
        if (!faults.location && !faults.backend) proxy.mutate({ location: entry.location.trim(), backend: entry.backend.trim() }, { onSuccess: onClose });
      }}
      onClose={onClose}
    >
      <TextInput
        label={t('settings.proxies.location')}
        description={t('settings.proxies.locationHint')}
        {...exact}
        data-autofocus
        maxLength={200}
        value={entry.location}
        onChange={(event) => setEntry({ ...entry, location: event.currentTarget.value })}
        error={tried && faults.location ? t('settings.proxies.locationInvalid') : undefined}
      />
      <TextInput
        label={t('settings.proxies.backend')}
        description={t('settings.proxies.backendHint')}
        placeholder="http://127.0.0.1:3000"
        {...exact}
        maxLength={2000}
        value={entry.backend}
        onChange={(event) => setEntry({ ...entry, backend: event.currentTarget.value })}
        error={tried && faults.backend ? t('settings.proxies.backendInvalid') : undefined}
      />
    </FormModal>
  );
}
