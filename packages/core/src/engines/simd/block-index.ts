/** A hash table from where blocks begin to their numbers: open addressing, at most half full. Numbers are not 0. */
export class BlockIndex {
  private slots = new Int32Array(1024);
  private shift = 22;
  private count = 0;

  /** @param startOf Where the block of a number begins. */
  constructor(private readonly startOf: (block: number) => number) {}

  /** The number of the block that begins at `start`; 0 where none does. */
  get(start: number): number {
    const {slots} = this;
    const last = slots.length - 1;
    for (let i = this.home(start); ; i = (i + 1) & last) {
      const block = slots[i];
      if (block === 0 || this.startOf(block) === start) return block;
    }
  }

  add(start: number, block: number): void {
    if (2 * ++this.count > this.slots.length) this.grow();
    this.put(start, block);
  }

  remove(start: number): void {
    const {slots} = this;
    const last = slots.length - 1;
    let hole = this.home(start);
    while (this.startOf(slots[hole]) !== start) hole = (hole + 1) & last;
    // Those behind it that were put off by it come nearer, so that no search ends before them.
    for (let i = (hole + 1) & last; slots[i] !== 0; i = (i + 1) & last) {
      const home = this.home(this.startOf(slots[i]));
      if (((i - home) & last) < ((i - hole) & last)) continue;
      slots[hole] = slots[i];
      hole = i;
    }
    slots[hole] = 0;
    this.count--;
  }

  private home(start: number): number {
    return Math.imul(start, 0x9e3779b1) >>> this.shift;
  }

  private put(start: number, block: number): void {
    const last = this.slots.length - 1;
    let i = this.home(start);
    while (this.slots[i] !== 0) i = (i + 1) & last;
    this.slots[i] = block;
  }

  private grow(): void {
    const before = this.slots;
    this.slots = new Int32Array(2 * before.length);
    this.shift--;
    for (const block of before) if (block !== 0) this.put(this.startOf(block), block);
  }
}
