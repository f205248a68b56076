import { ActionIcon } from '@mantine/core';
import { Hint } from './hint';
import { Icon, type IconName } from './icons';

interface IconButtonProps {
  name: string;
  icon: IconName;
  size?: number;
  className?: string | undefined;
  onClick: () => void;
}

/** A button of one icon, named for everyone. */
export function IconButton({ name, icon, size = 32, className, onClick }: IconButtonProps) {
  return (
    <Hint text={name}>
      <ActionIcon variant="subtle" color="gray" size={size} aria-label={name} onClick={onClick} className={className}>
        <Icon name={icon} />
      </ActionIcon>
    </Hint>
  );
}
