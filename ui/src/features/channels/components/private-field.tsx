import { useTranslation } from 'react-i18next';
import { OptionSwitch } from '../../../components/option-switch';

interface PrivateFieldProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
}

/** May addresses of the own network be read? */
export function PrivateField({ checked, onChange }: PrivateFieldProps) {
  const { t } = useTranslation();
  return <OptionSwitch label={t('channels.form.private')} hint={t('channels.form.privateHint')} checked={checked} onChange={onChange} />;
}
