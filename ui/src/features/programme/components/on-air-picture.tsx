import { useTranslation } from 'react-i18next';
import { Player } from '../../../components/player';
import { Snapshot } from '../../../components/snapshot';
import type { Programme } from '../../../lib/ffmpeg-types';
import { usePreviewSource } from '../../../lib/use-preview-source';
import { SLATE, sourceLabel, streamOf } from '../programme-state';
import classes from './picture.module.css';
import { SlatePreview } from './slate-preview';

/** What is on air, as moving as it can be had: the programme itself, a still of its source, or the slate. */
export function OnAirPicture({ programme, stale }: { programme: Programme; stale: boolean }) {
  const { t } = useTranslation();
  const { state, on_air, sources, local_stream, slate, label } = programme;
  if (on_air === null) {
    return (
      <div className={classes.frame}>
        <p className={classes.words}>{t(state === 'off' ? 'programme.offText' : 'programme.startingText')}</p>
      </div>
    );
  }
  const isSlate = on_air === SLATE;
  const name = isSlate ? t('programme.slate.name') : sourceLabel(sources, on_air);
  const here = streamOf(local_stream);
  const source = streamOf(on_air);
  return (
    <div className={classes.stage} data-stale={stale || undefined}>
      <span className={classes.chip} data-live={!isSlate || undefined} data-stale={stale || undefined}>
        <i aria-hidden="true" />
        {isSlate ? t('programme.onAirSlate') : t('programme.onAir', { name })}
      </span>
      {here ? (
        <LocalPlayer app={here.app} stream={here.stream} label={name} />
      ) : isSlate ? (
        <SlatePreview slate={{ ...slate, title: slate.title || label }} alt={name} />
      ) : (
        source && (
          <div className={classes.frame}>
            <Snapshot app={source.app} stream={source.stream} alt={name}>
              <p className={classes.words}>{t('programme.noPicture')}</p>
            </Snapshot>
          </div>
        )
      )}
    </div>
  );
}

function LocalPlayer({ app, stream, label }: { app: string; stream: string; label: string }) {
  return <Player label={label} source={usePreviewSource(app, stream)} />;
}
