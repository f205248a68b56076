import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { StreamField } from '../../../components/stream-field';
import { programmesQuery } from '../../../lib/ffmpeg-queries';
import { ANY_STREAM } from '../output-draft';

interface SourceFieldProps {
  value: string;
  error?: string | undefined;
  onChange: (value: string) => void;
}

/** Which picture goes out: a programme, a stream, or whichever is live. */
export function SourceField({ value, error, onChange }: SourceFieldProps) {
  const { t } = useTranslation();
  const programmes = useQuery(programmesQuery).data ?? [];
  return (
    <StreamField
      label={t('outputs.form.source')}
      description={t('outputs.form.sourceHint')}
      value={value}
      error={error}
      before={[{ group: t('outputs.form.programmes'), items: programmes.map(({ id, label }) => ({ value: `programme:${id}`, label })) }]}
      after={[{ value: ANY_STREAM, label: t('outputs.source.any') }]}
      onChange={onChange}
    />
  );
}
