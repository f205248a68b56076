import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { Icon } from '../../../components/icons';
import { useServerNow } from '../../../lib/use-server-now';
import { platformName } from '../platform-words';
import { useLiveOutputs } from '../use-live-outputs';
import classes from './carried-card.module.css';
import { OutputBadge } from './output-badge';
import { PlatformMark } from './platform-mark';

/** Which outputs carry a programme, and how they are. */
export function CarriedCard({ programme, unheardMs }: { programme: string; unheardMs: number }) {
  const { t } = useTranslation();
  const { query, outputs = [] } = useLiveOutputs();
  const serverNow = useServerNow();
  const presets = query.data?.presets ?? [];
  const carrying = outputs.filter(({ source }) => source.kind === 'programme' && source.programme === programme);
  return (
    <Card title={t('outputs.carried.title')}>
      {carrying.length === 0 && <p className={classes.none}>{t('outputs.carried.none')}</p>}
      <ul className={classes.list} aria-label={t('outputs.carried.title')}>
        {carrying.map((output) => {
          const name = platformName(output.platform, presets, t);
          return (
            <li key={output.id} className={classes.row}>
              <PlatformMark platform={output.platform} name={name} />
              <span className={classes.name}>{output.label}</span>
              <OutputBadge output={output} serverNow={serverNow} unheardMs={unheardMs} />
            </li>
          );
        })}
      </ul>
      <Button
        mt={12}
        variant="default"
        leftSection={<Icon name="plus" size={16} />}
        renderRoot={(props) => <Link {...props} to="/outputs" search={{ add: `programme:${programme}` }} />}
      >
        {t('outputs.add')}
      </Button>
    </Card>
  );
}
