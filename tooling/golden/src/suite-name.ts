const prefix = 'golden cases of ';

/** The name of the suite that holds a package's cases, by which the reporter counts them. */
export const suiteName = (packageName: string) => `${prefix}${packageName}`;

/** Whether a suite holds a package's cases. */
export const isGoldenSuite = (name: string) => name.startsWith(prefix);
