/** What the user asked for cannot be done; the message says in one line why, and what can. */
export class Refusal extends Error {
  override name = 'Refusal';
}
