import { Textarea, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

interface StreamTextsProps {
  title: string;
  description: string;
  onTitle: (title: string) => void;
  onDescription: (description: string) => void;
  autoFocus: boolean;
}

/** What an operator writes about a stream. */
export function StreamTexts({ title, description, onTitle, onDescription, autoFocus }: StreamTextsProps) {
  const { t } = useTranslation();
  return (
    <>
      <TextInput
        data-autofocus={autoFocus || undefined}
        label={t('streams.add.streamTitle')}
        description={t('streams.add.streamTitleHint')}
        maxLength={200}
        value={title}
        onChange={(event) => onTitle(event.currentTarget.value)}
      />
      <Textarea
        label={t('streams.add.description')}
        rows={3}
        maxLength={2000}
        value={description}
        onChange={(event) => onDescription(event.currentTarget.value)}
      />
    </>
  );
}
