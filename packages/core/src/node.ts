/** Node, as far as this library asks it. */
type Node = Pick<typeof process, 'getBuiltinModule' | 'versions'>;

/**
 * Node, where this program runs in it; else undefined. Its modules are asked of it (`node.getBuiltinModule('node:os')`) and
 * never imported: bundlers follow an import of theirs, and find nothing for a page.
 */
export function runningNode(): Node | undefined {
  const {process} = globalThis as {process?: Partial<Node>};
  return process?.versions?.node !== undefined && process.getBuiltinModule !== undefined
    ? (process as Node)
    : undefined;
}
