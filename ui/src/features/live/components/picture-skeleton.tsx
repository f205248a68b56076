import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';

/** A card of a live stream before anything is known. */
export function PictureSkeleton() {
  const { t } = useTranslation();
  return (
    <Card padded={false} label={t('common.loading')}>
      <Skeleton style={{ aspectRatio: '16 / 9' }} h="auto" radius={0} />
      <Skeleton m={16} h={24} w="40%" />
      <Skeleton m={16} h={48} w="auto" />
    </Card>
  );
}
