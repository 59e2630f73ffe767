/** The part of Jasmine's core that makes a copy of it, without the files around it that only Node can load. */
declare module 'jasmine-core/lib/jasmine-core/jasmine.js' {
  interface Environment {
    addReporter(reporter: object): void;
    configure(options: object): void;
    execute(): Promise<unknown>;
  }
  interface Jasmine {
    getEnv(options: object): Environment;
  }
  const jasmineRequire: {
    core(require: object): Jasmine;
    interface(jasmine: Jasmine, environment: Environment): object;
  };
  export default jasmineRequire;
}
