import { Checkbox, Input } from '@mantine/core';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { eventName, groupEvents, groupName, isMany } from '../event-groups';
import classes from './event-picker.module.css';

interface EventPickerProps {
  label: string;
  types: string[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
  error: string | undefined;
}

/** Which events a target is told about, by subject and in plain words. */
export function EventPicker({ label, types, chosen, onChange, error }: EventPickerProps) {
  const { t } = useTranslation();
  const id = useId();
  const toggle = (type: string, on: boolean) => onChange(types.filter((one) => (one === type ? on : chosen.includes(one))));
  return (
    <div role="group" aria-labelledby={id} aria-describedby={error ? `${id}-error` : undefined}>
      <Input.Label id={id} labelElement="div" mb={6}>
        {label}
      </Input.Label>
      <div className={classes.groups}>
        {groupEvents(types).map((group) => (
          <fieldset key={group.name} className={classes.group}>
            <legend className={classes.name}>
              {groupName(group.name, t)}
              {isMany(group.name) && ` · ${t('webhooks.form.many')}`}
            </legend>
            {group.types.map((type) => (
              <Checkbox
                key={type}
                size="xs"
                label={eventName(type, t)}
                title={type}
                checked={chosen.includes(type)}
                onChange={(event) => toggle(type, event.currentTarget.checked)}
              />
            ))}
          </fieldset>
        ))}
      </div>
      {error && (
        <p id={`${id}-error`} className={classes.error}>
          {error}
        </p>
      )}
    </div>
  );
}
