let float32BitsOfFloat16: Uint32Array | undefined;

// value = (-1)^sign 2^(exponent - 15) (1 + fraction / 1024), for exponent 0 (-1)^sign 2^-14 fraction / 1024.
function widenedBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

function table(): Uint32Array {
  float32BitsOfFloat16 ??= Uint32Array.from({length: 65536}, (_, half) => widenedBits(half));
  return float32BitsOfFloat16;
}

/** IEEE 754 binary16 values, given by their bits, as float32; exact. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  const widened = table();
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < bits.length; i++) bits[i] = widened[halves[i]];
  return new Float32Array(bits.buffer);
}

/** bfloat16 values (the upper half of a float32), given by their bits, as float32; exact. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < bits.length; i++) bits[i] = halves[i] << 16;
  return new Float32Array(bits.buffer);
}
