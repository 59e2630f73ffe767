import {CheckpointError} from '../errors';
import {utf8} from './json';
import {refusedOpcodes} from './pickle-opcodes';
import type {PickleDict, PickleValue} from './pickle-values';
import {call, type Fail, knownGlobal, storageOf} from './torch-globals';

/** The state of the machine: the pickle's bytes, a stack with marks in it, and a memo. */
class Machine {
  private readonly view: DataView;
  private at = 0;
  private opcodeAt = 0;
  private readonly stack: PickleValue[] = [];
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, PickleValue>();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly where: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  readonly fail: Fail = (problem) => {
    throw new CheckpointError(`${this.where}: byte ${this.opcodeAt}: ${problem}`);
  };

  opcode(): number {
    this.opcodeAt = this.at;
    return this.uint8();
  }

  private take(length: number): number {
    const start = this.at;
    if (length > this.bytes.length - start) this.fail(`the pickle of ${this.bytes.length} bytes is cut off`);
    this.at += length;
    return start;
  }

  uint8(): number {
    return this.bytes[this.take(1)];
  }

  uint16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  int32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  float64(): number {
    return this.view.getFloat64(this.take(8), false);
  }

  /** A whole number of any length: a number where that is exact, else a bigint. */
  long(): number | bigint {
    const length = this.uint8();
    const start = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i]);
    value = BigInt.asIntN(8 * length, value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  text(length: number): string {
    const start = this.take(length);
    return utf8(this.bytes.subarray(start, start + length), `${this.where}: byte ${start}`);
  }

  line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) this.fail('a line has no end');
    const text = this.text(end - this.at);
    this.at++;
    return text;
  }

  push(value: PickleValue): void {
    this.stack.push(value);
  }

  pop(): PickleValue {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) this.fail('there is nothing on the stack to take');
    return this.stack.pop() as PickleValue;
  }

  /** The last `count` values, first pushed first. */
  popMany(count: number): PickleValue[] {
    return Array.from({length: count}, () => this.pop()).reverse();
  }

  top(): PickleValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  mark(): void {
    this.marks.push(this.stack.length);
  }

  /** The values above the last mark. */
  popToMark(): PickleValue[] {
    const mark = this.marks.pop();
    return this.stack.splice(mark ?? this.fail('there is no mark on the stack'));
  }

  remember(place: number): void {
    this.memo.set(place, this.top());
  }

  recall(place: number): PickleValue {
    if (!this.memo.has(place)) this.fail(`nothing was put at memo ${place}`);
    return this.memo.get(place) as PickleValue;
  }

  private list(): PickleValue[] {
    const list = this.top();
    return Array.isArray(list) ? list : this.fail('something is appended to what is no list');
  }

  append(items: PickleValue[]): void {
    const list = this.list();
    for (const item of items) list.push(item);
  }

  private dict(): PickleDict {
    const dict = this.top();
    return dict instanceof Map ? dict : this.fail('an item is set in what is no dict');
  }

  setItems(items: PickleValue[]): void {
    const dict = this.dict();
    if (items.length % 2 === 1) this.fail('a key has no value');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key === 'object' && key !== null) this.fail('the key of a dict is no string or number');
      if (dict.has(key)) this.fail(`the key ${JSON.stringify(String(key))} stands there twice`);
      dict.set(key, items[i + 1]);
    }
  }

  /** The attributes of a dict (a state_dict's _metadata) say nothing of its tensors. */
  dropAttributes(): void {
    this.pop();
    this.dict();
  }

  result(): PickleValue {
    const value = this.pop();
    if (this.stack.length > 0 || this.marks.length > 0) this.fail('values are left over at the end');
    return value;
  }
}

const stop = 0x2e;

const actions: Readonly<Record<number, (machine: Machine) => void>> = {
  128: (m) => m.uint8() <= 5 || m.fail('the pickle is of an unknown protocol; known are 0 to 5'), // PROTO
  125: (m) => m.push(new Map()), // EMPTY_DICT
  93: (m) => m.push([]), // EMPTY_LIST
  41: (m) => m.push([]), // EMPTY_TUPLE
  40: (m) => m.mark(), // MARK
  113: (m) => m.remember(m.uint8()), // BINPUT
  114: (m) => m.remember(m.uint32()), // LONG_BINPUT
  104: (m) => m.push(m.recall(m.uint8())), // BINGET
  106: (m) => m.push(m.recall(m.uint32())), // LONG_BINGET
  88: (m) => m.push(m.text(m.uint32())), // BINUNICODE
  74: (m) => m.push(m.int32()), // BININT
  75: (m) => m.push(m.uint8()), // BININT1
  77: (m) => m.push(m.uint16()), // BININT2
  138: (m) => m.push(m.long()), // LONG1
  71: (m) => m.push(m.float64()), // BINFLOAT
  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  99: (m) => m.push(knownGlobal(m.line(), m.line(), m.fail)), // GLOBAL
  81: (m) => m.push(storageOf(m.pop(), m.fail)), // BINPERSID
  116: (m) => m.push(m.popToMark()), // TUPLE
  133: (m) => m.push(m.popMany(1)), // TUPLE1
  134: (m) => m.push(m.popMany(2)), // TUPLE2
  135: (m) => m.push(m.popMany(3)), // TUPLE3
  82: (m) => reduce(m), // REDUCE
  115: (m) => m.setItems(m.popMany(2)), // SETITEM
  117: (m) => m.setItems(m.popToMark()), // SETITEMS
  97: (m) => m.append(m.popMany(1)), // APPEND
  101: (m) => m.append(m.popToMark()), // APPENDS
  98: (m) => m.dropAttributes(), // BUILD
};

function reduce(machine: Machine): void {
  const [callable, args] = machine.popMany(2);
  machine.push(call(callable, args, machine.fail));
}

/**
 * Reads a pickle with a machine that can only build tensors, dicts, lists, tuples, numbers, strings, booleans and None.
 *
 * Nothing is ever executed: every opcode that a file of tensors does not need and every global that is no part of a
 * tensor is a CheckpointError, which begins with `where` and names the opcode or global and its byte.
 */
export function unpickle(bytes: Uint8Array, where: string): PickleValue {
  const machine = new Machine(bytes, where);
  for (;;) {
    const opcode = machine.opcode();
    if (opcode === stop) return machine.result();
    const act =
      actions[opcode] ??
      machine.fail(`the opcode ${opcodeName(opcode)} is refused; a file of tensors does not need it`);
    act(machine);
  }
}

function opcodeName(opcode: number): string {
  return `${refusedOpcodes[opcode] ?? 'unknown'} (0x${opcode.toString(16).padStart(2, '0')})`;
}
