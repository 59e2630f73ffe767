import {Random} from '@variants/core';

/** Width and height of the images, in pixels. */
export const imageSize = 16;

/** Bytes of an image: red, green, blue of each pixel. */
export const imageBytes = 3 * imageSize * imageSize;

/**
 * An image of a disc before a sky that grows darker, row by row, three bytes a pixel. The same number gives the same image.
 */
export function drawImage(index: number, seed: number): Uint8Array {
  const random = new Random(seed, 'images', index);
  const [sky, disc] = [0, 1].map(() => Array.from({length: 3}, () => 64 + random.below(192)));
  const radius = 2 + random.below(4);
  const [x0, y0] = [0, 1].map(() => radius + random.below(imageSize - 2 * radius));
  const bytes = new Uint8Array(imageBytes);
  for (let y = 0; y < imageSize; y++)
    for (let x = 0; x < imageSize; x++) {
      const isInside = (x - x0) ** 2 + (y - y0) ** 2 <= radius ** 2;
      const light = isInside ? 1 : 1 - y / (2 * imageSize);
      for (let c = 0; c < 3; c++) bytes[3 * (imageSize * y + x) + c] = Math.round(light * (isInside ? disc : sky)[c]);
    }
  return bytes;
}

/**
 * Where the byte of each place of a patch scan stands row by row: squares of `side` x `side` pixels one after the other, row
 * by row of squares and inside of them (Yu et al. 2023, section 7).
 */
export function patchScan(side: number): number[] {
  if (!Number.isInteger(imageSize / side)) throw new Error(`squares of ${side} pixels do not fill ${imageSize}`);
  const perRow = imageSize / side;
  return Array.from({length: imageBytes}, (_, i) => {
    const [square, inside] = [Math.floor(i / (3 * side * side)), Math.floor(i / 3) % (side * side)];
    const x = side * (square % perRow) + (inside % side);
    const y = side * Math.floor(square / perRow) + Math.floor(inside / side);
    return 3 * (imageSize * y + x) + (i % 3);
  });
}

/** The bytes of an image in the order of a scan. */
export const scanned = (bytes: Uint8Array, order: readonly number[]): Uint8Array =>
  Uint8Array.from(order, (i) => bytes[i]);

/** {@link scanned} undone. */
export function unscanned(bytes: Uint8Array, order: readonly number[]): Uint8Array {
  const image = new Uint8Array(bytes.length);
  for (const [place, i] of order.entries()) image[i] = bytes[place];
  return image;
}

/** A file of an image that viewers open: Netpbm's P6. */
export function ppmOf(bytes: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(`P6\n${imageSize} ${imageSize}\n255\n`);
  return Uint8Array.from([...head, ...bytes]);
}
