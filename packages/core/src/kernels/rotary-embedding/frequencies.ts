/** RoPE's frequencies base^(-2i/size) for i = 0 .. size/2 - 1 (Su et al. 2021, section 3.2.2). */
export function rotaryFrequencies(size: number, base = 10000): number[] {
  return Array.from({length: size / 2}, (_, i) => base ** ((-2 * i) / size));
}
