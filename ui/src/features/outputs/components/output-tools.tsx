import { Button, Chip, Group, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import type { Output } from '../../../lib/ffmpeg-types';
import { countGroups, GROUPS, type OutputGroup } from '../output-state';
import classes from './outputs-board.module.css';

interface OutputToolsProps {
  /** All of them: chips count what there is. */
  all: Output[];
  /** Those that fit: what is switched together. */
  shown: Output[];
  typed: string;
  groups: OutputGroup[];
  starting: boolean;
  onType: (typed: string) => void;
  onGroups: (groups: OutputGroup[]) => void;
  onStart: (ids: string[]) => void;
  onStop: (outputs: Output[]) => void;
}

/** Search, chips by state, and all that is shown on or off at once. */
export function OutputTools({ all, shown, typed, groups, starting, onType, onGroups, onStart, onStop }: OutputToolsProps) {
  const { t } = useTranslation();
  const counts = countGroups(all);
  const off = shown.filter(({ enabled }) => !enabled);
  const on = shown.filter(({ enabled }) => enabled);
  return (
    <div className={classes.tools}>
      <TextInput
        type="search"
        className={classes.search}
        aria-label={t('outputs.tools.search')}
        placeholder={t('outputs.tools.search')}
        maxLength={200}
        value={typed}
        onChange={(event) => onType(event.currentTarget.value)}
      />
      <Button variant="default" leftSection={<Icon name="play" size={15} />} disabled={off.length === 0} loading={starting} onClick={() => onStart(off.map(({ id }) => id))}>
        {t('outputs.tools.start', { count: off.length })}
      </Button>
      <Button variant="default" leftSection={<Icon name="off" size={15} />} disabled={on.length === 0} onClick={() => onStop(on)}>
        {t('outputs.tools.stop', { count: on.length })}
      </Button>
      <Group gap={6} role="group" aria-label={t('outputs.tools.filter')} style={{ flex: '1 0 100%' }}>
        {GROUPS.map((group) => (
          <Chip
            key={group}
            size="xs"
            checked={groups.includes(group)}
            onChange={(checked) => onGroups(checked ? [...groups, group] : groups.filter((one) => one !== group))}
          >
            {t(`outputs.groups.${group}`)} {counts[group]}
          </Chip>
        ))}
      </Group>
    </div>
  );
}
