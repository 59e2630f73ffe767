import {describe, expect, it} from 'vitest';
import {bfloat16ToFloat32, float16ToFloat32} from '../../src/files/float16';

const allHalves = Uint16Array.from({length: 65536}, (_, bits) => bits);

/** IEEE 754: sign, exponent of `exponentBits` and fraction of `fractionBits` bits. */
function definedValue(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >> (exponentBits + fractionBits) === 0 ? 1 : -1;
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * 2 ** (1 - bias) * fraction : sign * 2 ** (exponent - bias) * (1 + fraction);
}

describe('16-bit floats', () => {
  it('float16: each of the 65536 values is that of the definition', () => {
    const values = float16ToFloat32(allHalves);
    const wrong = [...allHalves].filter((bits) => !Object.is(values[bits], definedValue(bits, 5, 10)));
    expect(wrong).toEqual([]);
  });

  it('bfloat16: each of the 65536 values is that of the definition', () => {
    const values = bfloat16ToFloat32(allHalves);
    const wrong = [...allHalves].filter((bits) => !Object.is(values[bits], definedValue(bits, 8, 7)));
    expect(wrong).toEqual([]);
  });

  it('takes nothing from nothing', () => {
    expect(float16ToFloat32(new Uint16Array(0))).toHaveLength(0);
    expect(bfloat16ToFloat32(new Uint16Array(0))).toHaveLength(0);
  });
});
