import { ActionIcon } from '@mantine/core';
import type { Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icons';

export function AppearanceButton(props: { onClick?: () => void; ref?: Ref<HTMLButtonElement> }) {
  const { t } = useTranslation();
  return (
    <ActionIcon variant="subtle" color="gray" size={36} aria-haspopup="menu" aria-label={t('appearance.open')} {...props}>
      <Icon name="language" size={20} />
    </ActionIcon>
  );
}
