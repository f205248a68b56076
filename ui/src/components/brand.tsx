import mark from '../assets/mark.svg';

export function Brand({ size = 32 }: { size?: number }) {
  return <img src={mark} width={size} height={size} alt="Streamstead" />;
}
