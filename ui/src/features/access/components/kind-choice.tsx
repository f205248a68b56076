import { Radio } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { PlayRule } from '../../../lib/api-types';
import type { RuleKind } from '../api/use-play-rule';
import classes from './kind-choice.module.css';

interface KindChoiceProps {
  value: RuleKind;
  /** Offer to follow the default. */
  inherits: boolean;
  byDefault: PlayRule['kind'] | undefined;
  /** Without a rule of its own nobody else may watch, whatever the default is. */
  recording: boolean;
  onChange: (kind: RuleKind) => void;
}

const OWN = ['public', 'pass', 'webhook'] as const;

export function KindChoice({ value, inherits, byDefault, recording, onChange }: KindChoiceProps) {
  const { t } = useTranslation();
  const option = (kind: RuleKind, hint: string, name = t(`access.${kind}`)) => (
    <Radio.Card key={kind} value={kind} className={classes.card}>
      <Radio.Indicator className={classes.dot} />
      <span>
        <span className={classes.name}>{name}</span>
        <span className={classes.hint}>{hint}</span>
      </span>
    </Radio.Card>
  );
  return (
    <Radio.Group aria-label={t('access.title')} value={value} onChange={(kind) => onChange(kind as RuleKind)}>
      <div className={classes.cards}>
        {inherits && recording && option('inherit', t('access.privateHint'), t('access.private'))}
        {inherits && !recording && option('inherit', byDefault ? t('access.inheritNow', { kind: t(`access.${byDefault}`) }) : '')}
        {OWN.map((kind) => option(kind, t(`access.${kind}Hint`)))}
      </div>
    </Radio.Group>
  );
}
