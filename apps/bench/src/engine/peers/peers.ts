import {join} from 'node:path';
import type {PeerReport} from '../report';
import type {Contestant} from '../sampling';
import {compileC, findPython} from './find';
import {type PeerCommand, PeerProcess} from './peer-process';

/** How long a peer may take for an answer; the slowest need seconds for a call, and are asked for one at a time then. */
const patienceSeconds = 20;

/** The engine, or what it is compared with. */
interface Peer {
  name: string;
  title: string;
  /** Whether it has threads of its own; else it has one. */
  isThreaded: boolean;
  /** See `PeerReport`. */
  isPartial: boolean;
  /** See `Contestant`. */
  lingers: boolean;
  /** How its process is started, or how to get what is missing. */
  find(): Promise<Found | {missing: string}>;
}

interface Found {
  command(threads: number): PeerCommand;
  remove?: () => Promise<void>;
}

const script = (name: string) => join(import.meta.dirname, name);

/** A peer in Node. */
function inNode(name: string, title: string, isThreaded = false): Peer {
  const loader = import.meta.resolve('tsx');
  const command = (threads: number) => ({
    file: process.execPath,
    args: ['--import', loader, script('node-peer.ts'), name, String(threads)],
  });
  return {name, title, isThreaded, isPartial: false, lingers: false, find: async () => ({command})};
}

const torch: Peer = {
  name: 'torch',
  title: 'PyTorch',
  isThreaded: true,
  isPartial: false,
  lingers: true,
  async find() {
    const python = await findPython();
    if (!python)
      return {missing: 'no Python here imports torch; pip install torch, or apt-get install python3-torch on Debian'};
    return {
      command: (threads) => ({
        file: python,
        args: [script('pytorch-peer.py'), String(threads)],
        // Whichever library it multiplies with.
        environment: Object.fromEntries(
          ['OMP', 'OPENBLAS', 'MKL'].map((library) => [`${library}_NUM_THREADS`, String(threads)]),
        ),
      }),
    };
  },
};

const plainC: Peer = {
  name: 'c',
  title: 'plain C',
  isThreaded: false,
  isPartial: true,
  lingers: false,
  async find() {
    const program = await compileC(script('plain-peer.c'));
    if (!program) return {missing: 'there is no C compiler; apt-get install gcc libc6-dev on Debian'};
    return {command: () => ({file: program.file, args: []}), remove: program.remove};
  },
};

/** The engine itself. */
const engine = inNode('simd', 'simd', true);

/** All that the engine is compared with. */
const peers = [
  inNode('wasm', 'tfjs wasm'),
  inNode('cpu', 'tfjs cpu'),
  inNode('jax', 'jax-js'),
  {...inNode('fftjs', 'fft.js'), isPartial: true},
  torch,
  plainC,
];

/** Their names on the command line. */
export const peerNames = peers.map(({name}) => name);

/** A process that is measured. */
export interface Entrant {
  peer: string;
  threads: number;
  process: Contestant & {stop(): void};
}

/** Who takes part, and who cannot. */
export interface Field {
  entrants: Entrant[];
  peers: PeerReport[];
  missing: {title: string; reason: string}[];
  /** Ends all processes and removes what was compiled. */
  close(): Promise<void>;
}

/**
 * Finds the peers with these names; the engine always takes part, first.
 * @param threads Numbers of threads that the engine and those that have threads are measured with.
 */
export async function findPeers(names: readonly string[], threads: readonly number[]): Promise<Field> {
  const field: Field = {entrants: [], peers: [], missing: [], close: async () => {}};
  const removals: (() => Promise<void>)[] = [];
  for (const peer of [engine, ...peers.filter(({name}) => names.includes(name))]) {
    const {name, title, isThreaded, isPartial, lingers} = peer;
    const found = await peer.find();
    if ('missing' in found) {
      field.missing.push({title, reason: found.missing});
      continue;
    }
    if (found.remove) removals.push(found.remove);
    const counts = isThreaded ? threads : [1];
    field.peers.push({name, title, threads: [...counts], isPartial});
    for (const count of counts) {
      const label = isThreaded ? `${title}, ${count} thread${count === 1 ? '' : 's'}` : title;
      const process = new PeerProcess(label, lingers && count > 1, found.command(count), patienceSeconds);
      field.entrants.push({peer: name, threads: count, process});
    }
  }
  field.close = async () => {
    for (const {process} of field.entrants) process.stop();
    for (const remove of removals) await remove();
  };
  return field;
}
