import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Output } from '../../../lib/ffmpeg-types';
import { useTestOutput } from '../api/use-outputs';
import { OutputTestResult } from './output-test';

interface TestModalProps {
  output: Output;
  platform: string;
  onClose: () => void;
}

/** Ten seconds of a test picture to a saved output: people there may see it, so it is asked first. */
export function TestModal({ output: { id, label }, platform, onClose }: TestModalProps) {
  const { t } = useTranslation();
  const test = useTestOutput();
  return (
    <Modal opened size="lg" onClose={onClose} title={t('outputs.test.title', { label })} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack>
        <Text>{t('outputs.test.text', { platform })}</Text>
        <OutputTestResult test={test} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('common.close')}
          </Button>
          <Button loading={test.isPending} onClick={() => test.mutate({ id })} data-autofocus>
            {t(test.data ? 'outputs.test.again' : 'outputs.test.send')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
