/** A unit of memory. */
export interface ByteUnit {
  name: string;
  /** Its bytes. */
  size: number;
  /** Digits behind the point with which it is shown. */
  digits: number;
}

/** The unit in which so many bytes are one to four digits. */
export function byteUnit(bytes: number): ByteUnit {
  const names = ['B', 'KiB', 'MiB', 'GiB'];
  const power = bytes < 1 ? 0 : Math.min(names.length - 1, Math.floor(Math.log2(bytes) / 10));
  return {name: names[power], size: 1024 ** power, digits: power === 0 ? 0 : 1};
}

/** A number of bytes with its unit, such as "24.7 KiB". */
export function formatBytes(bytes: number): string {
  const {name, size, digits} = byteUnit(bytes);
  return `${(bytes / size).toFixed(digits)} ${name}`;
}
