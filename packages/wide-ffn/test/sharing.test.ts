import {describe, expect, it} from 'vitest';
import {type Sharing, sharingGroups} from '../src';

describe('sharingGroups', () => {
  const cases: [sharing: Sharing, layers: number, groups: number, wanted: number[]][] = [
    ['individual', 4, 1, [0, 1, 2, 3]],
    ['shared', 4, 1, [0, 0, 0, 0]],
    ['none', 4, 1, []],
    ['sequence', 6, 3, [0, 0, 1, 1, 2, 2]],
    ['sequence', 5, 2, [0, 0, 0, 1, 1]],
    ['cycle', 6, 3, [0, 1, 2, 0, 1, 2]],
    ['cycle', 5, 2, [0, 1, 0, 1, 0]],
    ['cycleRev', 6, 3, [0, 1, 2, 2, 1, 0]],
    ['cycleRev', 4, 2, [0, 1, 1, 0]],
    ['cycleRev', 5, 2, [0, 1, 0, 1, 0]],
    ['cycleRev', 3, 3, [2, 1, 0]],
  ];
  it.each(cases)('%s of %i layers in %i groups', (sharing, layers, groups, wanted) => {
    expect(sharingGroups(sharing, layers, groups)).toEqual(wanted);
  });
});
