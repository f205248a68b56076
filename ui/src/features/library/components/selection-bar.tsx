import { Button, Checkbox } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import classes from './selection-bar.module.css';

interface SelectionBarProps {
  count: number;
  /** All that are shown are chosen. */
  all: boolean;
  onAll: (chosen: boolean) => void;
  onDelete: () => void;
}

/** What can be done with everything that is ticked. */
export function SelectionBar({ count, all, onAll, onDelete }: SelectionBarProps) {
  const { t } = useTranslation();
  return (
    <div className={classes.bar} data-some={count > 0 || undefined}>
      <Checkbox
        size="xs"
        label={count > 0 ? t('recordings.chosen', { count }) : t('recordings.chooseAll')}
        checked={all}
        indeterminate={count > 0 && !all}
        onChange={() => onAll(!all)}
      />
      {count > 0 && (
        <>
          <Button size="compact-sm" variant="default" onClick={() => onAll(false)}>
            {t('recordings.chooseNone')}
          </Button>
          <Button size="compact-sm" color="red.8" leftSection={<Icon name="trash" size={15} />} onClick={onDelete}>
            {t('recordings.menu.delete')}
          </Button>
        </>
      )}
    </div>
  );
}
