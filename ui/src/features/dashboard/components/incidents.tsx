import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { LevelMark } from '../../../components/level-mark';
import { TimeAgo } from '../../../components/time-ago';
import { alertPlace } from '../../../lib/alert-place';
import { alertWords, incidentText } from '../../../lib/alert-words';
import type { Dashboard } from '../../../lib/monitor-types';
import { useLive } from '../../../lib/use-live';
import classes from './incidents.module.css';

const MOST = 12;

/** What is wrong now and what to do about it, then what has happened of late. */
export function Incidents({ summary: { incidents } }: { summary: Dashboard }) {
  const { t } = useTranslation();
  const firing = (useLive().alerts ?? []).filter(({ state, acknowledged }) => state === 'firing' && !acknowledged);
  return (
    <>
      {firing.length > 0 && (
        <Card
          title={t('home.wrong')}
          aside={
            <Link to="/system/alerts" className={classes.more}>
              {t('home.allAlerts')}
            </Link>
          }
        >
          <ul className={classes.list}>
            {firing.map((alert) => {
              const { text, help } = alertWords(alert, t);
              const place = alertPlace(alert.rule);
              return (
                <li key={alert.id} className={classes.item}>
                  <LevelMark level={alert.level} />
                  <div className={classes.words}>
                    <p className={classes.text}>{text}</p>
                    <p className={classes.help}>{help}</p>
                  </div>
                  <span className={classes.aside}>
                    <TimeAgo ms={alert.since_ms} />
                    {place && (
                      <Link to={place} aria-label={`${t('home.look')}: ${text}`}>
                        {t('home.look')}
                      </Link>
                    )}
                  </span>
                </li>
              );
            })}
          </ul>
        </Card>
      )}
      <Card title={t('home.incidents')}>
        {incidents.length === 0 ? (
          <p className={classes.none}>{t('home.noIncidents')}</p>
        ) : (
          <ul className={classes.list}>
            {incidents.slice(0, MOST).map((incident) => {
              const place = alertPlace(String(incident.params.rule ?? incident.event));
              const text = incidentText(incident, t);
              return (
                <li key={`${incident.at_ms} ${incident.key} ${text}`} className={classes.item}>
                  <LevelMark level={incident.level} />
                  <p className={classes.words}>
                    {place ? (
                      <Link to={place} className={classes.link}>
                        {text}
                      </Link>
                    ) : (
                      text
                    )}
                  </p>
                  <span className={classes.aside}>
                    <TimeAgo ms={incident.at_ms} />
                  </span>
                </li>
              );
            })}
          </ul>
        )}
      </Card>
    </>
  );
}
