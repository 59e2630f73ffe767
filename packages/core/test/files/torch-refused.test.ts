import {describe, expect, it} from 'vitest';
import {bufferSource} from '../../src/files/bytes';
import {openTorchFile} from '../../src/files/torch-file';
import {checkpointErrorOf} from './errors';
import {floats, join, named, op, storage, tensor, torchFile} from './torch-files';

const open = (bytes: Uint8Array) => openTorchFile(bufferSource('x.pt', bytes));

async function readEverything(bytes: Uint8Array): Promise<void> {
  const file = await open(bytes);
  for (const name of file.tensors.keys()) await file.read(name);
}

const one = named({a: {size: 2, shape: [2]}});
const two = {0: floats(1, 2)};
const evil = op.call(op.global('os', 'system'), op.text('echo'));

const refused: Record<string, {bytes: Uint8Array; message: string}> = {
  'a call of os.system': {
    bytes: torchFile(evil, {}),
    message: 'x.pt: archive/data.pkl: byte 2: the global os.system is refused',
  },
  'a class of builtins': {
    bytes: torchFile(op.global('builtins', 'eval'), {}),
    message: 'the global builtins.eval is refused',
  },
  'a method of Object': {
    bytes: torchFile(op.global('torch', 'constructor'), {}),
    message: 'the global torch.constructor is refused',
  },
  'a storage that cannot be read': {
    bytes: torchFile(storage('ComplexFloatStorage', '0', 1), two),
    message: 'the global torch.ComplexFloatStorage is refused',
  },
  'a call of a storage': {
    bytes: torchFile(op.call(op.global('torch', 'FloatStorage')), {}),
    message: 'a call of torch.FloatStorage is refused',
  },
  'a call of a text': {bytes: torchFile(op.call(op.text('x')), {}), message: 'byte 10: a call of "x" is refused'},
  'an object': {bytes: torchFile(join('}}', [0x81]), {}), message: 'byte 4: the opcode NEWOBJ (0x81) is refused'},
  'an instance': {bytes: torchFile(join('(ios\nsystem\n'), {}), message: 'byte 3: the opcode INST (0x69) is refused'},
  'a global from the stack': {
    bytes: torchFile(join(op.text('os'), op.text('system'), [0x93]), {}),
    message: 'STACK_GLOBAL (0x93) is refused',
  },
  'an opcode that does not exist': {
    bytes: torchFile(join([0xff]), {}),
    message: 'byte 2: the opcode unknown (0xff) is refused',
  },
  'a protocol from the future': {bytes: torchFile(join([0x80, 9], one), two), message: 'unknown protocol'},
  'an OrderedDict from arguments': {
    bytes: torchFile(op.call(op.global('collections', 'OrderedDict'), op.list()), {}),
    message: 'an OrderedDict is built from arguments',
  },
  'arguments that are no tuple': {
    bytes: torchFile(join(op.global('collections', 'OrderedDict'), 'NR'), {}),
    message: 'the arguments of a call are null',
  },
  'a parameter without a tensor': {
    bytes: torchFile(op.call(op.global('torch._utils', '_rebuild_parameter')), {}),
    message: 'a parameter is built from undefined',
  },
  'a tensor without a storage': {
    bytes: torchFile(op.call(op.global('torch._utils', '_rebuild_tensor_v2'), op.none), {}),
    message: 'a tensor is built from null',
  },
  'an impossible persistent id': {bytes: torchFile(join('NQ'), {}), message: 'a persistent id is null'},
  'a storage of negative size': {
    bytes: torchFile(storage('FloatStorage', '0', -1), two),
    message: 'key "0" and size -1 is impossible',
  },
  'attributes of what is no dict': {bytes: torchFile(join(']}b'), {}), message: 'an item is set in what is no dict'},
  'an item in a list': {bytes: torchFile(join(']NNs'), {}), message: 'an item is set in what is no dict'},
  'an append to a dict': {bytes: torchFile(join('}Na'), {}), message: 'something is appended to what is no list'},
  'a key without a value': {bytes: torchFile(join('}(Nu'), {}), message: 'a key has no value'},
  'a key that is a list': {bytes: torchFile(join('}]Ns'), {}), message: 'the key of a dict is no string or number'},
  'a key that stands there twice': {
    bytes: torchFile(
      op.dict([
        [op.text('a'), op.none],
        [op.text('a'), op.none],
      ]),
      {},
    ),
    message: 'the key "a" stands there twice',
  },
  'an empty stack': {bytes: torchFile(join('R'), {}), message: 'byte 2: there is nothing on the stack to take'},
  'a look below a mark': {
    bytes: torchFile(join('NN(', [0x86]), {}),
    message: 'byte 5: there is nothing on the stack to take',
  },
  'no mark': {bytes: torchFile(join('Nt'), {}), message: 'there is no mark on the stack'},
  'values left over': {bytes: torchFile(join('NN'), {}), message: 'values are left over at the end'},
  'a mark left over': {bytes: torchFile(join('(N'), {}), message: 'byte 4: values are left over at the end'},
  'an unknown memo': {bytes: torchFile(join('h', [3]), {}), message: 'nothing was put at memo 3'},
  'a text longer than the pickle': {
    bytes: torchFile(join('X', [255, 255, 255, 255]), {}),
    message: 'byte 2: the pickle of 8 bytes is cut off',
  },
  'a global without an end': {bytes: torchFile(join('cos'), {}), message: 'a line has no end'},
  'a text that is no UTF-8': {bytes: torchFile(join('X', [1, 0, 0, 0, 0xff]), {}), message: 'is no UTF-8'},
  'a list that holds itself': {
    bytes: torchFile(
      op.dict([
        [op.text('a'), tensor({size: 2, shape: [2]})],
        [op.text('b'), join(']q', [9], 'h', [9], 'a')],
      ]),
      two,
    ),
    message: 'a list or dict holds itself',
  },
  'lists without end': {
    bytes: torchFile(
      op.dict([
        [op.text('a'), tensor({size: 2, shape: [2]})],
        [op.text('b'), join(']'.repeat(200_000), 'a'.repeat(199_999))],
      ]),
      two,
    ),
    message: 'nested deeper than 100 levels',
  },
  'nothing but a list': {bytes: torchFile(op.list(op.none), {}), message: 'holds no dict; expected a dict of tensors'},
  'a dict without tensors': {
    bytes: torchFile(op.dict([[op.text('x'), op.none]]), {}),
    message: 'holds a dict of x; expected a dict of tensors',
  },
  'keys that are one name': {
    bytes: torchFile(
      op.dict([
        [op.text('1'), tensor({size: 2, shape: [2]})],
        [op.integer(1), tensor({size: 2, shape: [2]})],
      ]),
      two,
    ),
    message: 'tensor "1" stands there twice',
  },
  'a tensor longer than its storage': {
    bytes: torchFile(named({a: {size: 2, shape: [3]}}), two),
    message: 'a tensor of shape [3], strides [1] and offset 0 needs 3 values, its storage "0" has 2',
  },
  'an offset beyond the storage': {
    bytes: torchFile(named({a: {size: 2, offset: 1, shape: [2]}}), two),
    message: 'offset 1 needs 3 values',
  },
  'an empty tensor beyond the storage': {
    bytes: torchFile(named({a: {size: 2, offset: 3, shape: [0]}}), two),
    message: 'offset 3 needs 3 values',
  },
  'strides that leave the storage': {
    bytes: torchFile(named({a: {size: 2, shape: [2, 1], strides: [2, 1]}}), two),
    message: 'needs 3 values',
  },
  'a huge tensor of stride 0': {
    bytes: torchFile(named({a: {size: 2, shape: [2 ** 30], strides: [0]}}), two),
    message: 'needs 1073741824 values',
  },
  'negative strides': {
    bytes: torchFile(named({a: {size: 2, offset: 1, shape: [2], strides: [-1]}}), two),
    message: 'strides a list of 1 is impossible',
  },
  'a shape without strides': {
    bytes: torchFile(named({a: {size: 2, shape: [2], strides: []}}), two),
    message: 'shape [2] and strides [] is impossible',
  },
  'a negative offset': {bytes: torchFile(named({a: {size: 2, offset: -1, shape: [2]}}), two), message: 'offset -1'},
  'a missing storage': {
    bytes: torchFile(one, {1: floats(1, 2)}),
    message: 'x.pt: tensor "a": its storage "0" is missing in the file',
  },
  'a storage that is too short': {
    bytes: torchFile(one, {0: floats(1)}),
    message: 'tensor "a": its storage "0" has 4 bytes, but 2 values of F32 take 8',
  },
  'a storage that is too long': {
    bytes: torchFile(one, {0: floats(1, 2, 3)}),
    message: 'its storage "0" has 12 bytes, but 2 values of F32 take 8',
  },
  'a storage out of the folder': {
    bytes: torchFile(named({a: {key: '../data.pkl', size: 2, shape: [2]}}), two),
    message: 'its storage "../data.pkl" is missing',
  },
  'a big-endian machine': {
    bytes: torchFile(one, two, [{name: 'archive/byteorder', bytes: join('big')}]),
    message: 'archive/byteorder is 3 bytes, only little',
  },
  'two pickles': {
    bytes: torchFile(one, two, [{name: 'b/data.pkl', bytes: join('N.')}]),
    message: 'a zip with 2 entries <name>/data.pkl',
  },
};

describe('torch files that are refused', () => {
  it.each(Object.entries(refused))('%s', async (_, {bytes, message}) => {
    const found = await checkpointErrorOf(() => readEverything(bytes));
    expect(found).toContain(message);
    expect(found.startsWith('x.pt')).toBe(true);
  });

  it('a shape is not changed by what comes after its check', async () => {
    const shape = join('(', op.integer(2), 't', 'q', [1]);
    const hooks = op.call(op.global('collections', 'OrderedDict'));
    const strides = op.tuple(op.integer(1));
    const rebuild = op.global('torch._utils', '_rebuild_tensor_v2');
    const a = op.call(rebuild, storage('FloatStorage', '0', 2), op.integer(0), shape, strides, join([0x89]), hooks);
    const file = await open(
      torchFile(
        op.dict([
          [op.text('a'), a],
          [op.text('b'), join('h', [1], op.integer(9), 'a')],
        ]),
        two,
      ),
    );
    expect(file.tensors.get('a')?.shape).toEqual([2]);
    expect([...(await file.read('a'))]).toEqual([1, 2]);
  });

  it('a list shared a hundred times over does not grow the tree', async () => {
    const nested = Array.from({length: 60}, (_, i) => join(']q', [i + 1], '(', 'h', [i], 'h', [i], 'e'));
    const levels = join(']q', [0], ...nested);
    // Each level is on the stack; the last one holds all others.
    const saved = join('}(', op.text('a'), tensor({size: 2, shape: [2]}), op.text('b'), '(', levels, 't', 'u');
    const {extra} = await open(torchFile(saved, two));
    expect((extra as {b: unknown[]}).b).toHaveLength(61);
  });
});
