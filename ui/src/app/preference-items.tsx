import { Menu, useMantineColorScheme } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icons';
import { changeLanguage } from '../lib/i18n';
import { LANGUAGE_NAMES, LANGUAGES } from '../lib/language';

const SCHEMES = [
  { value: 'dark', icon: 'moon' },
  { value: 'light', icon: 'sun' },
  { value: 'auto', icon: 'auto' },
] as const;

function Tick({ on }: { on: boolean }) {
  return on ? <Icon name="check" size={16} /> : null;
}

export function LanguageItems() {
  const { t, i18n } = useTranslation();
  return (
    <>
      <Menu.Label>{t('appearance.language')}</Menu.Label>
      {LANGUAGES.map((language) => (
        <Menu.Item
          key={language}
          lang={language}
          aria-current={i18n.language === language || undefined}
          leftSection={<Icon name="language" />}
          rightSection={<Tick on={i18n.language === language} />}
          onClick={() => void changeLanguage(language)}
        >
          {LANGUAGE_NAMES[language]}
        </Menu.Item>
      ))}
    </>
  );
}

export function AppearanceItems() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <>
      <Menu.Label>{t('appearance.title')}</Menu.Label>
      {SCHEMES.map(({ value, icon }) => (
        <Menu.Item
          key={value}
          aria-current={colorScheme === value || undefined}
          leftSection={<Icon name={icon} />}
          rightSection={<Tick on={colorScheme === value} />}
          onClick={() => setColorScheme(value)}
        >
          {t(`appearance.${value}`)}
        </Menu.Item>
      ))}
    </>
  );
}
