import type { ComponentProps } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../components/icons';

export function AccountButton(props: ComponentProps<'button'>) {
  const { t } = useTranslation();
  return (
    <button type="button" aria-haspopup="menu" {...props}>
      <Icon name="account" size={22} />
      {t('nav.account')}
    </button>
  );
}
