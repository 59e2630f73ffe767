import {conformance} from '../src';
import {TinyClassifier, TinyImages, TinyMasked, TinyPairs, TinyRecognizer} from './tiny-kinds';
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

conformance({name: 'tiny', kind: 'masked-language-model', create: (overrides = {}) => new TinyMasked(overrides)});
conformance({name: 'tiny', kind: 'sequence-classifier', create: (overrides = {}) => new TinyClassifier(overrides)});
conformance({name: 'tiny', kind: 'image-classifier', create: (overrides = {}) => new TinyImages(overrides)});
conformance({
  name: 'tiny',
  kind: 'sequence-to-sequence',
  create: (overrides = {}) => new TinyPairs(overrides),
  invalid: [[{labelSmoothing: 1}, /labelSmoothing is 1, but must be a number from 0/]],
});

conformance({name: 'tiny', kind: 'speech-recognizer', create: (overrides = {}) => new TinyRecognizer(overrides)});
