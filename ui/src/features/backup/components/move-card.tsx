import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { CopyField } from '../../../components/copy-field';

const COMMAND = './bootstrap --restore FILE.ssbackup';

/** How to take the house to another machine. */
export function MoveCard() {
  const { t } = useTranslation();
  return (
    <Card title={t('backup.move.title')}>
      <ol style={{ margin: '0 0 14px', paddingLeft: 20 }}>
        <li>{t('backup.move.make')}</li>
        <li>{t('backup.move.carry')}</li>
        <li>{t('backup.move.run')}</li>
        <li>{t('backup.move.dns')}</li>
      </ol>
      <CopyField label={t('backup.move.command')} description={t('backup.move.commandHint')} value={COMMAND} />
    </Card>
  );
}
