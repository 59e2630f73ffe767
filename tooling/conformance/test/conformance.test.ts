import {conformance} from '../src';
import {loadTiny, TinyModel, tinyFields} from './tiny-model';

conformance({
  name: 'tiny',
  create: (overrides) => new TinyModel({...tinyFields, ...overrides}),
  fromPretrained: loadTiny,
  invalid: [[{gain: -1}, /gain is -1, but must be a number above 0/]],
});

conformance({
  name: 'tiny with a limited context',
  create: (overrides) => new TinyModel({...tinyFields, maxSequenceLength: 9, ...overrides}),
  fromPretrained: loadTiny,
});
