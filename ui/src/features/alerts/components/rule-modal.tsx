import { NativeSelect, NumberInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CountField, isCount } from '../../../components/count-field';
import { FormModal } from '../../../components/form-modal';
import { OptionSwitch } from '../../../components/option-switch';
import { ruleName } from '../../../lib/alert-words';
import type { AlertLevel, AlertRule } from '../../../lib/monitor-types';
import { useUpdateRule } from '../api/use-alerts';
import { withUnit } from '../units';

const LEVELS = ['critical', 'warning', 'info'] as const;
const LONGEST_S = 86_400;

/** How bad it is, from which value on, and for how long it must last. */
export function RuleModal({ rule, onClose }: { rule: AlertRule; onClose: () => void }) {
  const { t } = useTranslation();
  const update = useUpdateRule();
  const [level, setLevel] = useState<AlertLevel>(rule.level);
  const [threshold, setThreshold] = useState(rule.threshold);
  const [forS, setForS] = useState(rule.for_s);
  const [reset, setReset] = useState(false);
  const { min, max, unit } = rule;
  const fits = threshold === null || (threshold >= min && threshold <= max);
  const send = () => {
    const wish = reset ? { reset: true } : { level, for_s: forS, ...(threshold !== null && { threshold }) };
    if (reset || (fits && isCount(forS, LONGEST_S))) update.mutate({ rule: rule.rule, ...wish }, { onSuccess: onClose });
  };
  return (
    <FormModal title={ruleName(rule.rule, t)} submit={t('alerts.rules.save')} pending={update.isPending} error={update.error} onSubmit={send} onClose={onClose}>
      <NativeSelect
        label={t('alerts.level')}
        value={level}
        disabled={reset}
        data={LEVELS.map((value) => ({ value, label: t(`levels.${value}`) }))}
        onChange={(event) => setLevel(event.currentTarget.value as AlertLevel)}
      />
      {rule.threshold !== null && (
        <NumberInput
          label={t('alerts.rules.threshold')}
          description={t('alerts.rules.range', { least: withUnit(min, unit, t), most: withUnit(max, unit, t) })}
          value={threshold ?? ''}
          disabled={reset}
          allowNegative={false}
          clampBehavior="none"
          hideControls
          inputMode="decimal"
          onChange={(value) => setThreshold(value === '' ? Number.NaN : Number(value))}
          error={fits || reset ? undefined : t('alerts.rules.range', { least: withUnit(min, unit, t), most: withUnit(max, unit, t) })}
        />
      )}
      <CountField label={t('alerts.rules.forS')} description={t('alerts.rules.forHint')} value={forS} most={LONGEST_S} disabled={reset} onChange={setForS} />
      {rule.changed && <OptionSwitch label={t('alerts.rules.reset')} checked={reset} onChange={setReset} />}
    </FormModal>
  );
}
