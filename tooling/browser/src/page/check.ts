/** Things that must hold in a page, by the sentence that says so; a check rejects with what does not. */
export type Checks = Readonly<Record<string, () => Promise<void>>>;
