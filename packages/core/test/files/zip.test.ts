import {describe, expect, it} from 'vitest';
import {bufferSource} from '../../src/files/bytes';
import {dataOffsetOf, readZip} from '../../src/files/zip';
import {checkpointErrorOf} from './errors';
import {type Entry, join, little, zip} from './torch-files';

const entries: Entry[] = [
  {name: 'a/first', bytes: join('hello'), padding: 40},
  {name: 'a/é', bytes: join('')},
  {name: 'a/last', bytes: join('world'), padding: 1},
];
const source = (bytes: Uint8Array) => bufferSource('x.zip', bytes);

async function contents(bytes: Uint8Array): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, entry] of await readZip(source(bytes))) {
    const offset = await dataOffsetOf(source(bytes), entry);
    found[name] = new TextDecoder().decode(bytes.subarray(offset, offset + entry.size));
  }
  return found;
}

/** A copy with the bytes from `at` on replaced. */
function patched(bytes: Uint8Array, at: number, patch: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(patch, at < 0 ? bytes.length + at : at);
  return copy;
}

describe('zip archives of stored entries', () => {
  it.each([{}, {comment: 'a comment'}, {zip64: true}])(
    '%o: entries are found through the central directory',
    async (options) => {
      expect(await contents(zip(entries, options))).toEqual({'a/first': 'hello', 'a/é': '', 'a/last': 'world'});
    },
  );

  it('an archive without entries', async () => {
    expect((await readZip(source(zip([])))).size).toBe(0);
  });
});

const archive = zip(entries);
const large = zip(entries, {zip64: true});

const broken: Record<string, {bytes: Uint8Array; message: string}> = {
  'no archive': {
    bytes: join('x'.repeat(100)),
    message: 'no end of a zip directory in its last bytes; the file of 100 bytes is truncated',
  },
  'an empty file': {bytes: join(''), message: 'the file of 0 bytes is truncated'},
  'a directory beyond its end': {
    bytes: patched(archive, -10, little(9999, 4)),
    message: 'zip directory of 9999 bytes from byte',
  },
  'a directory offset beyond the end': {
    bytes: patched(archive, -6, little(2 ** 31, 4)),
    message: 'from byte 2147483648 reaches beyond',
  },
  'a wrong number of entries': {bytes: patched(archive, -12, [9, 0]), message: 'has 3 entries instead of 9'},
  'a directory cut short': {bytes: patched(archive, -10, little(100, 4)), message: 'the entry is cut off'},
  'a directory that is none': {
    bytes: patched(archive, -6, little(0, 4)),
    message: 'zip directory at byte 0: no entry begins here',
  },
  'a compressed entry': {
    bytes: zip([{name: 'a', bytes: join('x'), patch: [[10, 8]]}]),
    message: 'entry "a" is compressed (method 8)',
  },
  'an encrypted entry': {
    bytes: zip([{name: 'a', bytes: join('x'), patch: [[8, 1]]}]),
    message: 'entry "a" is encrypted',
  },
  'sizes that differ': {
    bytes: zip([{name: 'a', bytes: join('x'), patch: [[24, 2]]}]),
    message: 'entry "a" has 2 bytes, but 1 of them are stored',
  },
  'an entry beyond the directory': {
    bytes: zip([
      {
        name: 'a',
        bytes: join('x'),
        patch: [
          [20, 999],
          [24, 999],
        ],
      },
    ]),
    message: 'zip entry "a" of 999 bytes from byte 0 reaches beyond byte 32',
  },
  'entries that overlap': {
    bytes: zip([
      {name: 'a', bytes: join('x')},
      {name: 'b', bytes: join('y'), patch: [[42, 8]]},
    ]),
    message: 'zip entry "a" of 1 bytes from byte 0 reaches beyond byte 8',
  },
  'a name that stands there twice': {
    bytes: zip([
      {name: 'a', bytes: join('x')},
      {name: 'a', bytes: join('y')},
    ]),
    message: 'zip entry "a" stands there twice',
  },
  'a local header that is none': {
    bytes: patched(archive, 0, [0]),
    message: 'zip entry "a/first" at byte 0: has no local header there',
  },
  'a local header that shifts its data': {
    bytes: patched(archive, 28, [255, 0]),
    message: 'its 5 bytes from byte 292 on reach beyond byte',
  },
  'a zip64 end that is none': {
    bytes: patched(large, -34, little(0, 8)),
    message: 'its zip64 directory end at byte 0 is none',
  },
  'a zip64 end beyond the file': {bytes: patched(large, -34, little(2 ** 40, 8)), message: 'the file ends at byte'},
  'a zip64 end beyond 2^53': {
    bytes: patched(large, -34, new Array(8).fill(255)),
    message: 'claims 18446744073709551615 bytes',
  },
};

describe('broken zip archives', () => {
  it.each(Object.entries(broken))('%s', async (_, {bytes, message}) => {
    expect(await checkpointErrorOf(() => contents(bytes))).toContain(message);
  });
});
