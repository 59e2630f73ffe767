import {readFile} from 'node:fs/promises';
import {join as joinPath} from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {bufferSource} from '../../src/files/bytes';
import {openTorchFile} from '../../src/files/torch-file';
import {checkpointErrorOf, succeedsOrIsRefused} from './errors';
import {floats, join, named, op, torchFile} from './torch-files';

const fixture = joinPath(import.meta.dirname, 'fixtures/ckpt.pt');
const open = (bytes: Uint8Array) => openTorchFile(bufferSource('x.pt', bytes));

async function readEverything(bytes: Uint8Array): Promise<void> {
  const file = await open(bytes);
  for (const name of file.tensors.keys()) await file.read(name);
}

const one = named({a: {size: 2, shape: [2]}});
const two = {0: floats(1, 2)};

describe('torch files that were changed', () => {
  it('every truncation is an error', async () => {
    const bytes = torchFile(one, two);
    for (let length = 0; length < bytes.length; length++)
      await checkpointErrorOf(() => readEverything(bytes.subarray(0, length)));
  });

  it('hundreds of changed files are read or refused, nothing else', async () => {
    const original = torchFile(
      op.dict([
        [
          op.text('model'),
          named({a: {size: 6, shape: [2, 3]}, b: {size: 6, offset: 1, shape: [2, 2], strides: [1, 3]}}),
        ],
        [
          op.text('model_args'),
          op.dict([
            [op.text('dim'), op.integer(32)],
            [op.text('names'), op.list(op.none, op.tuple())],
          ]),
        ],
      ]),
      {0: floats(1, 2, 3, 4, 5, 6)},
    );
    const change = fc.record({
      at: fc.nat(original.length - 1),
      byte: fc.oneof(
        fc.integer({min: 0, max: 255}),
        fc.constantFrom(...join('}](.)qrhjXJKMGNcQtRsuaeb', [0x80, 0x8a, 0x85])),
      ),
      cut: fc.constantFrom(1, 1, 1, 0, 2),
      insert: fc.constantFrom(1, 1, 1, 0, 2),
    });
    const outcomes = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(fc.array(change, {minLength: 1, maxLength: 3}), async (changes) => {
        const bytes = [...original];
        for (const {at, byte, cut, insert} of changes) bytes.splice(at, cut, ...new Array(insert).fill(byte));
        outcomes.add(await succeedsOrIsRefused(() => readEverything(Uint8Array.from(bytes))));
      }),
      {numRuns: 1000, seed: 1},
    );
    expect(outcomes).toEqual(new Set([true, false]));
  });

  it('hundreds of changed opcodes of a real file are read or refused, nothing else', async () => {
    const original = new Uint8Array(await readFile(fixture));
    const pickleStart = 64;
    const outcomes = new Set<boolean>();
    const change = fc.record({at: fc.nat(2472), byte: fc.integer({min: 0, max: 255})});
    await fc.assert(
      fc.asyncProperty(fc.array(change, {minLength: 1, maxLength: 2}), async (changes) => {
        const bytes = original.slice();
        for (const {at, byte} of changes) bytes[pickleStart + at] = byte;
        outcomes.add(await succeedsOrIsRefused(() => readEverything(bytes)));
      }),
      {numRuns: 300, seed: 2},
    );
    expect(outcomes).toEqual(new Set([true, false]));
  });
});
