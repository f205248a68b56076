import { Modal, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { CopyField } from '../../../components/copy-field';
import { Loaded } from '../../../components/loaded';
import { ShareLinks } from '../../../components/share-links';
import type { Pass } from '../../../lib/api-types';
import { passTokenQuery } from '../api/use-passes';

/** Every address that a pass opens. */
export function PassLinksModal({ of, onClose }: { of: Pass; onClose: () => void }) {
  const { t } = useTranslation();
  const token = useQuery(passTokenQuery(of.id));
  return (
    <Modal opened size="lg" onClose={onClose} title={t('passes.links.title', { label: of.label })} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack>
        <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('passes.links.text')}</p>
        <Loaded query={token} rows={5}>
          {(pass) => (
            <Stack>
              <ShareLinks of={of} pass={pass} />
              <CopyField label={t('passes.links.token')} description={t('passes.links.tokenHint')} value={pass} />
            </Stack>
          )}
        </Loaded>
      </Stack>
    </Modal>
  );
}
