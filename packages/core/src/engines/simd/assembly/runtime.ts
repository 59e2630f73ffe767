/**
 * Jobs over threads. A job is a function called for pieces of a range; the threads take the pieces from a shared counter,
 * so that a thread that sleeps or is not there yet delays nobody. Which thread computes a piece never changes its bits.
 */

/** Addresses in the shared memory, see `memory-layout.ts` on the other side. */
@inline const EPOCH: usize = 1024;
@inline const NEXT: usize = 1088;
@inline const ACTIVE: usize = 1152;
@inline const JOB: usize = 1216;
@inline const COUNT: usize = 1220;
@inline const ARGUMENTS: usize = 1224;
@inline const CREW: usize = 1228;
@inline const SLEEPING: usize = 1280;

/** `NEXT` while no job is open: beyond every count. */
@inline const CLOSED: i32 = 0x40000000;

/** Bytes of {@link scratch}. */
@inline export const SCRATCH_BYTES: usize = 262144;

/** Memory of this thread's own, for what a piece needs for itself. Every thread has its own instance of this code. */
export let scratch: usize = 0;

/** Tells an instance where its thread's scratch memory is. */
export function setScratch(address: usize): void {
  scratch = address;
}

/** Takes pieces of the open job until there are none. */
function work(): void {
  while (true) {
    const piece = atomic.add<i32>(NEXT, 1);
    // After the counter: a piece below the count belongs to a job whose fields were written before it was opened.
    if (piece >= atomic.load<i32>(COUNT)) return;
    call_indirect<void>(load<u32>(JOB), load<u32>(ARGUMENTS), piece);
  }
}

/** Runs a job's pieces 0 .. count-1 on this thread and on those that are awake. Returns false when others do not finish. */
export function run(job: u32, args: usize, count: i32, spins: i32): bool {
  store<u32>(JOB, job);
  store<u32>(ARGUMENTS, <u32>args);
  atomic.store<i32>(COUNT, count);
  atomic.store<i32>(NEXT, 0);
  atomic.add<i32>(EPOCH, 1);
  if (atomic.load<i32>(SLEEPING) > 0) atomic.notify(EPOCH, -1);
  work();
  atomic.store<i32>(NEXT, CLOSED);
  while (atomic.load<i32>(ACTIVE) > 0) if (--spins < 0) return false;
  return true;
}

/** Runs a job's pieces on this thread alone. */
export function runAlone(job: u32, args: usize, count: i32): void {
  for (let piece = 0; piece < count; piece++) call_indirect<void>(job, args, piece);
}

/** Runs a list of jobs: 4 numbers each, the job, its arguments' address, its pieces, and whether they are worth sharing. */
export function replay(list: usize, count: u32, isAlone: bool, spins: i32): bool {
  for (const end = list + (<usize>count << 4); list < end; list += 16) {
    const job = load<u32>(list), pieces = load<i32>(list, 8);
    const args = <usize>load<u32>(list, 4);
    if (isAlone || !load<u32>(list, 12)) runAlone(job, args, pieces);
    else if (!run(job, args, pieces, spins)) return false;
  }
  return true;
}

/**
 * A worker thread's life: waits for jobs, a bounded time awake, then asleep. Returns when its crew is dismissed.
 * @param crew Number of the crew that it belongs to.
 */
export function serve(spins: i32, crew: i32): void {
  let seen = atomic.load<i32>(EPOCH);
  while (atomic.load<i32>(CREW) == crew) {
    let left = spins;
    while (atomic.load<i32>(EPOCH) == seen) {
      if (--left < 0) {
        atomic.add<i32>(SLEEPING, 1);
        atomic.wait<i32>(EPOCH, seen, -1);
        atomic.sub<i32>(SLEEPING, 1);
        left = spins;
      }
    }
    seen = atomic.load<i32>(EPOCH);
    atomic.add<i32>(ACTIVE, 1);
    // After the count: a worker that `dismiss` does not see at work sees here that it is dismissed.
    if (atomic.load<i32>(CREW) == crew) work();
    atomic.sub<i32>(ACTIVE, 1);
  }
}

/**
 * Sends all workers home, those too that are yet to start; the next ones are another crew. Returns false when one does not
 * finish: all others touch no memory but their counters' any more.
 */
export function dismiss(spins: i32): bool {
  atomic.add<i32>(CREW, 1);
  atomic.add<i32>(EPOCH, 1);
  atomic.notify(EPOCH, -1);
  while (atomic.load<i32>(ACTIVE) > 0) if (--spins < 0) return false;
  return true;
}
