import {join, little} from './torch-files';

/** A safetensors file of any header text, honest or not. */
export function rawSafetensors(
  header: string | object,
  data: Uint8Array | number = 0,
  headerLength?: number[],
): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = typeof data === 'number' ? new Uint8Array(data) : data;
  return join(headerLength ?? little(text.length, 8), text, bytes);
}
