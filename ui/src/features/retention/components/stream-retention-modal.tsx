import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CountField, isCount } from '../../../components/count-field';
import { FormModal } from '../../../components/form-modal';
import { OptionSwitch } from '../../../components/option-switch';
import { knownStreamsQuery } from '../../../lib/queries';
import type { StreamRetention as Own } from '../../../lib/recording-types';
import { useUpdateRetention } from '../api/use-retention';
import { MOST } from '../limits';

interface StreamRetentionModalProps {
  /** Null: another stream. */
  of: ({ url: string } & Own) | null;
  all: Record<string, Own>;
  onClose: () => void;
}

const SIDES = ['local_days', 'bucket_days'] as const;
const URL_FORM = /^[^/\s]+\/[^/\s]+$/;

/** How long recordings of one stream stay. */
export function StreamRetentionModal({ of, all, onClose }: StreamRetentionModalProps) {
  const { t } = useTranslation();
  const known = useQuery(knownStreamsQuery).data ?? [];
  const update = useUpdateRetention();
  const listId = useId();
  const [url, setUrl] = useState(of?.url ?? '');
  const [own, setOwn] = useState<Own>(of ? withoutUrl(of) : { local_days: 30 });
  const [tried, setTried] = useState(false);
  const badUrl = !URL_FORM.test(url.trim());
  const none = SIDES.every((side) => own[side] == null);
  const save = () => {
    setTried(true);
    if (badUrl || none || SIDES.some((side) => own[side] != null && !isCount(own[side], MOST[side]))) return;
    update.mutate({ streams: { ...all, [url.trim()]: own } }, { onSuccess: onClose });
  };
  return (
    <FormModal
      title={of ? t('retention.streams.titleOf', { url: of.url }) : t('retention.streams.add')}
      submit={t('retention.save')}
      pending={update.isPending}
      error={update.error}
      onSubmit={save}
      onClose={onClose}
    >
      {!of && (
        <>
          <TextInput
            label={t('retention.streams.stream')}
            placeholder="live/show"
            list={listId}
            data-autofocus
            autoCapitalize="off"
            spellCheck={false}
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
            error={tried && badUrl ? t('retention.streams.urlFault') : undefined}
          />
          <datalist id={listId}>
            {known.map((one) => (
              <option key={one.url} value={one.url} />
            ))}
          </datalist>
        </>
      )}
      {SIDES.map((side) => (
        <OptionSwitch
          key={side}
          label={t(`retention.streams.${side}`)}
          hint={own[side] == null ? t('retention.streams.asAll') : undefined}
          checked={own[side] != null}
          onChange={(on) => setOwn({ ...withoutSide(own, side), ...(on && { [side]: 30 }) })}
        >
          <CountField
            label={t(`retention.streams.${side}Count`)}
            description={t('retention.streams.zero')}
            value={own[side] ?? 0}
            most={MOST[side]}
            onChange={(count) => setOwn({ ...own, [side]: count })}
          />
        </OptionSwitch>
      ))}
      {tried && none && <p style={{ margin: 0, color: 'var(--ss-error)', fontSize: 13 }}>{t('retention.streams.none')}</p>}
    </FormModal>
  );
}

function withoutUrl({ local_days, bucket_days }: Own): Own {
  return { ...(local_days != null && { local_days }), ...(bucket_days != null && { bucket_days }) };
}

function withoutSide(own: Own, side: (typeof SIDES)[number]): Own {
  return Object.fromEntries(Object.entries(own).filter(([name]) => name !== side));
}
