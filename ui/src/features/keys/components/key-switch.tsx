import { Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import type { PublishKey } from '../../../lib/api-types';
import { useUpdateKey } from '../api/use-keys';

export function KeySwitch({ of }: { of: PublishKey }) {
  const { t } = useTranslation();
  const update = useUpdateKey();
  return (
    <>
      <Switch
        aria-label={t('keys.enabledFor', { label: of.label })}
        checked={update.isPending ? (update.variables.enabled ?? of.enabled) : of.enabled}
        disabled={update.isPending}
        onChange={(event) => update.mutate({ id: of.id, enabled: event.currentTarget.checked })}
      />
      {update.error && <HelpfulError error={update.error} plain />}
    </>
  );
}
