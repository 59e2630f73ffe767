import {describe, expect, it} from 'vitest';
import {drawImage, imageBytes, imageSize, patchScan, ppmOf, scanned, unscanned} from '../../src/byte-streams/images';
import {playMelody, sampleRate, wavHeaderBytes, wavOf} from '../../src/byte-streams/sound';

describe('images', () => {
  it('are the same for the same number, and have a disc of one colour', () => {
    const [image, again, other] = [drawImage(1, 0), drawImage(1, 0), drawImage(2, 0)];
    expect(image).toEqual(again);
    expect(image).not.toEqual(other);
    const colours = new Map<string, number>();
    for (let i = 0; i < imageBytes; i += 3) {
      const colour = image.subarray(i, i + 3).join();
      colours.set(colour, (colours.get(colour) ?? 0) + 1);
    }
    // A disc of radius 2 has 13 pixels; the sky has a colour for each row.
    expect(Math.max(...colours.values())).toBeGreaterThanOrEqual(13);
    expect(colours.size).toBeLessThanOrEqual(imageSize + 1);
  });

  it('are scanned patch by patch: every byte once, a square of pixels in each patch', () => {
    const order = patchScan(2);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({length: imageBytes}, (_, i) => i));
    const row = 3 * imageSize;
    expect(order.slice(0, 12)).toEqual([0, 1, 2, 3, 4, 5, row, row + 1, row + 2, row + 3, row + 4, row + 5]);
    expect(order.slice(12, 15)).toEqual([6, 7, 8]);
    const image = drawImage(0, 0);
    expect(unscanned(scanned(image, order), order)).toEqual(image);
    expect(() => patchScan(5)).toThrow('squares of 5 pixels do not fill 16');
  });

  it('become files of Netpbm', () => {
    const file = ppmOf(drawImage(0, 0));
    expect(new TextDecoder().decode(file.subarray(0, 13))).toBe('P6\n16 16\n255\n');
    expect(file.length).toBe(13 + imageBytes);
  });
});

describe('sound', () => {
  it('is a WAV file of 8-bit samples that says how long it is', () => {
    const samples = playMelody(0.5, 3);
    expect(samples.length).toBe(sampleRate / 2);
    expect(new Set(samples).size).toBeGreaterThan(50);
    const file = wavOf(samples);
    const view = new DataView(file.buffer);
    expect(new TextDecoder().decode(file.subarray(0, 4))).toBe('RIFF');
    expect(view.getUint32(4, true)).toBe(file.length - 8);
    expect(view.getUint32(40, true)).toBe(samples.length);
    expect(file.subarray(wavHeaderBytes)).toEqual(samples);
  });
});
