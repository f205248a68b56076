import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Notice } from '../../../components/notice';
import { ProgressRow } from '../../../components/progress-row';
import type { HouseService, PullEvent } from '../../../lib/house-types';
import { usePulls } from '../api/pull-feed';
import { useChangeService, type ServiceChange } from '../api/use-services';
import { consequence, imageName, isNoticed } from '../service-words';
import classes from './service-actions.module.css';
import { ServiceConfirm, type AskedAction } from './service-confirm';
import { SwitchMedia } from './switch-media';

/** What can be done with a service, each with what comes of it. */
export function ServiceActions({ service }: { service: HouseService }) {
  const { t } = useTranslation();
  const change = useChangeService();
  const pull = usePulls().get(service.name) ?? service.pull;
  const [asked, setAsked] = useState<AskedAction | 'switch' | null>(null);
  const { name, enabled, can_disable, kind, state } = service;
  const stopped = state === 'stopped' || state === 'failed';
  const run = (more: Omit<ServiceChange, 'name'>) => change.mutate({ name, ...more });
  const busy = (action: ServiceChange['action']) => change.isPending && change.variables.action === action;
  const close = () => {
    setAsked(null);
    change.reset();
  };
  return (
    <section aria-label={t('services.actions')}>
      <ul className={classes.list}>
        {enabled && !stopped && (
          <Action word={t('services.restart.do')} text={consequence(name, t)} busy={busy('restart')} onClick={() => (isNoticed(name) ? setAsked('restart') : run({ action: 'restart' }))} />
        )}
        {enabled && stopped && <Action word={t('services.start.do')} text={t('services.start.text')} busy={busy('start')} onClick={() => run({ action: 'start' })} />}
        {enabled && !stopped && <Action word={t('services.stop.do')} text={t('services.stop.text')} onClick={() => setAsked('stop')} />}
        {can_disable && enabled && <Action word={t('services.off.do')} text={t('services.off.text')} onClick={() => setAsked('off')} />}
        {!enabled && (
          <Action word={t('services.on.do')} text={t('services.on.text')} busy={busy('enabled')} onClick={() => run({ action: 'enabled', enabled: true })} />
        )}
        {kind === 'container' && (
          <>
            <Action word={t('services.upgrade.do')} text={t('services.upgrade.text')} onClick={() => setAsked('upgrade')} />
            {service.can_rollback_image && <Action word={t('services.rollback.do')} text={t('services.rollback.text')} onClick={() => setAsked('rollback_image')} />}
          </>
        )}
        {name === 'media' && <Action word={t('services.switch.do')} text={t('services.switch.text')} onClick={() => setAsked('switch')} />}
      </ul>
      {pull && <Pull pull={pull} />}
      {change.error && !asked && <HelpfulError error={change.error} />}
      {change.isSuccess && !asked && <Notice tone="ok" role="status">{t('services.done')}</Notice>}
      {asked === 'switch' && <SwitchMedia present={service.media_server} change={change} onClose={close} />}
      {asked !== null && asked !== 'switch' && <ServiceConfirm action={asked} service={service} change={change} onClose={close} />}
    </section>
  );
}

function Action({ word, text, busy = false, onClick }: { word: string; text: string; busy?: boolean; onClick: () => void }) {
  return (
    <li className={classes.action}>
      <Button variant="default" size="compact-md" loading={busy} onClick={onClick}>
        {word}
      </Button>
      <span className={classes.text}>{text}</span>
    </li>
  );
}

function Pull({ pull: { image, done_bytes, total_bytes, state, message } }: { pull: PullEvent }) {
  const { t } = useTranslation();
  const failed = state === 'failed';
  return (
    <ul className={classes.list} aria-live="polite">
      <ProgressRow
        name={imageName(image)}
        label={t('services.pull.label', { image })}
        tone={failed ? 'error' : state === 'done' ? 'ok' : 'idle'}
        word={t(`services.pull.${state}` as 'services.pull.done', { defaultValue: t('services.pull.pulling') })}
        doneBytes={done_bytes}
        totalBytes={total_bytes}
      >
        {message}
      </ProgressRow>
    </ul>
  );
}
