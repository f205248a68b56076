interface SparklineProps {
  /** Oldest first. */
  values: number[];
  label: string;
}

const WIDTH = 44;
const HEIGHT = 16;

/** The course of a number, without axes; from zero, so that a dip looks as deep as it is. */
export function Sparkline({ values, label }: SparklineProps) {
  if (values.length < 2) return null;
  const top = Math.max(...values, 1) * 1.1;
  const points = values.map((value, at) => `${((at / (values.length - 1)) * WIDTH).toFixed(1)},${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}`);
  return (
    <svg role="img" aria-label={label} width={WIDTH} height={HEIGHT} style={{ marginLeft: 8, verticalAlign: '-3px' }}>
      <polyline points={points.join(' ')} fill="none" stroke="var(--ss-accent)" strokeWidth="1.5" strokeLinejoin="round" />
    </svg>
  );
}
