import {type Plain, rowsOf} from '../kernels/gradient-check';

/** x W + b, in double precision. */
export function linear(x: Plain, kernel: Plain, bias?: Plain): number[] {
  const [, units] = kernel.shape;
  return rowsOf(x).flatMap((row) =>
    Array.from({length: units}, (_, unit) =>
      row.reduce((sum, value, i) => sum + value * kernel.data[i * units + unit], bias?.data[unit] ?? 0),
    ),
  );
}
