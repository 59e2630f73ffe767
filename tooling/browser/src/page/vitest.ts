/** What tests import from vitest, in a page: its runner and its matchers, without what needs Node. */
export {afterAll, afterEach, beforeAll, beforeEach, describe, it} from '@vitest/runner';
export {expect} from './expect';
