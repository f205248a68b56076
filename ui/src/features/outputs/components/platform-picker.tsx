import { Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { OutputPreset } from '../../../lib/ffmpeg-types';
import { platformName } from '../platform-words';
import { PlatformMark } from './platform-mark';
import classes from './platform-picker.module.css';

const GROUPS = ['world', 'china', 'custom'] as const;

/** Where to? The platforms that are known, and any other server. */
export function PlatformPicker({ presets, onPick }: { presets: OutputPreset[]; onPick: (preset: OutputPreset) => void }) {
  const { t, i18n } = useTranslation();
  // What is nearer to the reader comes first.
  const groups = i18n.language === 'zh' ? (['china', 'world', 'custom'] as const) : GROUPS;
  return (
    <Stack gap="lg">
      {groups.map((group) => {
        const members = presets.filter((preset) => preset.group === group);
        if (members.length === 0) return null;
        return (
          <section key={group} className={classes.group} aria-label={t(`outputs.form.groups.${group}`)}>
            <h3 className={classes.heading}>{t(`outputs.form.groups.${group}`)}</h3>
            <div className={classes.grid}>
              {members.map((preset) => {
                const name = platformName(preset.id, presets, t);
                return (
                  <button key={preset.id} type="button" className={classes.choice} onClick={() => onPick(preset)}>
                    <PlatformMark platform={preset.id} name={name} />
                    <span>{name}</span>
                  </button>
                );
              })}
            </div>
          </section>
        );
      })}
    </Stack>
  );
}
