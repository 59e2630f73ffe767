/** Addresses at the start of the memory that both sides know; see `assembly/runtime.ts`. */
export const ACTIVE_ADDRESS = 1152;
export const CREW_ADDRESS = 1228;
export const SLEEPING_ADDRESS = 1280;

/** Where the arguments of a job lie. */
export const ARGUMENTS_ADDRESS = 2048;
