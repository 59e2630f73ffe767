import {Tokenizer as FileTokenizer} from '@huggingface/tokenizers';
import {describe, expect, it} from 'vitest';
import {byteTokenizer} from '../../src/byte-decoding';
import {ConfigError, DataError} from '../../src/errors';
import {huggingFaceTokenizer} from '../../src/hugging-face-tokenizer';
import {generateText, generateTokens} from '../../src/models/generate';
import type {GenerateOptions} from '../../src/models/generate-options';
import {StreamState} from '../../src/streams/stream-state';
import type {Tokenizer} from '../../src/tokenizer';
import {all} from './generated';
import {scriptedStream} from './scripted-stream';

const added = (id: number, content: string) => ({
  ...{id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true},
});

const bpe = {
  ...{type: 'BPE', dropout: null, unk_token: '<unk>', continuing_subword_prefix: null, end_of_word_suffix: null},
  ...{fuse_unk: true, byte_fallback: true},
};

/** The vocabulary of ids of words, and the merges that make each of its characters. */
function vocabularyOf(words: readonly string[], specials: readonly string[]) {
  const bytes = [0xf0, 0x9f, 0x90, 0xb3, 0xc3, 0xa9].map((byte) => `<0x${byte.toString(16).toUpperCase()}>`);
  const merges: [string, string][] = [];
  for (const word of words) for (let n = 1; n < word.length; n++) merges.push([word.slice(0, n), word[n]]);
  const pieces = words.flatMap((word) => [...word].map((_, n) => word.slice(0, n + 1)));
  const all = [...new Set([...specials, ...bytes, ...words.flatMap((word) => [...word]), ...pieces])];
  const unique = [...new Map(merges.map((merge) => [merge.join(' '), merge])).values()];
  return {vocab: Object.fromEntries(all.map((token, id) => [token, id])), merges: unique};
}

const specials = ['<unk>', '<s>', '</s>'];
const words = ['▁Once', '▁upon', '▁a', '▁time', 'ly', '▁'];

/** A tokenizer.json that marks spaces, as Llama 2's and TinyLlama's. */
const metaspaceFile = {
  ...{version: '1.0', truncation: null, padding: null, pre_tokenizer: null, post_processor: null},
  added_tokens: specials.map((content, id) => added(id, content)),
  normalizer: {
    type: 'Sequence',
    normalizers: [
      {type: 'Prepend', prepend: '▁'},
      {type: 'Replace', pattern: {String: ' '}, content: '▁'},
    ],
  },
  decoder: {
    type: 'Sequence',
    decoders: [
      {type: 'Replace', pattern: {String: '▁'}, content: ' '},
      {type: 'ByteFallback'},
      {type: 'Fuse'},
      {type: 'Strip', content: ' ', start: 1, stop: 0},
    ],
  },
  model: {...bpe, ...vocabularyOf(words, specials)},
};

/** The same with the decoder that older files have. */
const olderFile = {
  ...metaspaceFile,
  normalizer: null,
  pre_tokenizer: {type: 'Metaspace', replacement: '▁', add_prefix_space: true, prepend_scheme: 'first'},
  decoder: {type: 'Metaspace', replacement: '▁', add_prefix_space: true, prepend_scheme: 'first'},
};

const pieces = ['[UNK]', '[SEP]', 'once', 'upon', 'a', 'time', '##ly', '##s', '.'];

/** A tokenizer.json of word pieces, as BERT's. */
const wordPieceFile = {
  ...{version: '1.0', truncation: null, padding: null, normalizer: null, post_processor: null},
  added_tokens: [added(0, '[UNK]'), added(1, '[SEP]')],
  pre_tokenizer: {type: 'BertPreTokenizer'},
  decoder: {type: 'WordPiece', prefix: '##', cleanup: false},
  model: {
    ...{type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100},
    vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
  },
};

const [metaspace, older, wordPiece] = [metaspaceFile, olderFile, wordPieceFile].map((file) => {
  const tokenizer = huggingFaceTokenizer(new FileTokenizer(file, {}));
  const {vocab} = file.model as {vocab: Record<string, number>};
  return {tokenizer, ids: (...names: string[]) => names.map((name) => vocab[name])};
});

const generated = async (
  {tokenizer}: {tokenizer: Tokenizer},
  prompt: string | readonly number[],
  script: readonly number[],
  options: GenerateOptions = {},
) => {
  const model = scriptedStream(tokenizer.vocabSize + 3, script);
  return (
    await all(generateText(model, prompt, {maxTokens: script.length, temperature: 0, ...options, tokenizer}))
  ).join('');
};

describe('the text behind a prompt', () => {
  it.each([
    ['metaspace and Strip', metaspace],
    ['the Metaspace decoder', older],
  ])('keeps the space of its first word: %s', async (_, kind) => {
    const script = kind.ids('▁upon', '▁a', '▁time', 'ly');
    expect(await generated(kind, 'Once', script)).toBe(' upon a timely');
    expect(await generated(kind, kind.ids('▁Once'), script)).toBe(' upon a timely');
    expect(await generated(kind, kind.tokenizer.encode('Once upon'), kind.ids('ly', '▁a'))).toBe('ly a');
    expect(await generated(kind, kind.ids('<s>', '▁Once'), script)).toBe(' upon a timely');
  });

  it.each([
    ['metaspace and Strip', metaspace],
    ['the Metaspace decoder', older],
  ])('begins a text where nothing but a mark stands before it: %s', async (_, kind) => {
    expect(await generated(kind, kind.ids('<s>'), kind.ids('▁Once', '▁upon'))).toBe('Once upon');
  });

  it('goes on with a word of pieces', async () => {
    expect(await generated(wordPiece, 'a time', wordPiece.ids('##ly', '##s', 'upon', '.'))).toBe('lys upon .');
    expect(await generated(wordPiece, 'once', wordPiece.ids('upon', '##ly'))).toBe(' upon' + 'ly');
  });

  it('goes on from a state, whose text nobody knows, with a prompt and without', async () => {
    const state = () => new StreamState({}, 5);
    const script = metaspace.ids('▁upon', '▁a');
    expect(await generated(metaspace, '', script, {state: state()})).toBe(' upon a');
    expect(await generated(metaspace, metaspace.ids('<s>'), script, {state: state()})).toBe(' upon a');
    expect(await generated(metaspace, 'Once', script, {state: state()})).toBe(' upon a');
    expect(await generated(wordPiece, [], wordPiece.ids('##ly', 'a'), {state: state()})).toBe('ly a');
    // A state that nothing was fed to is the beginning.
    expect(await generated(metaspace, metaspace.ids('<s>'), script, {state: new StreamState({})})).toBe('upon a');
  });

  it('completes a character that the prompt has begun', async () => {
    const whale = metaspace.ids('<0xF0>', '<0x9F>', '<0x90>', '<0xB3>');
    for (const begun of [1, 2, 3]) {
      const prompt = [...metaspace.ids('▁Once'), ...whale.slice(0, begun)];
      expect(await generated(metaspace, prompt, [...whale.slice(begun), ...metaspace.ids('▁a')])).toBe('🐳 a');
      const bytes = byteTokenizer.encode('🐳!');
      const stream = {tokenizer: byteTokenizer};
      expect(await generated(stream, bytes.slice(0, begun), bytes.slice(begun))).toBe('🐳!');
    }
  });

  it('is what decoding prompt and continuation together adds', async () => {
    for (const kind of [metaspace, older, wordPiece]) {
      const ids = kind.tokenizer.encode('Once upon a time once a time');
      for (let split = 1; split < ids.length; split++) {
        const [before, whole] = [kind.tokenizer.decode(ids.slice(0, split)), kind.tokenizer.decode(ids)];
        expect(before + (await generated(kind, ids.slice(0, split), ids.slice(split)))).toBe(whole);
      }
    }
  });
});

describe('a stop that names a special token', () => {
  const script = metaspace.ids('▁upon', '</s>', '▁a');

  it('stops there, as its id does', async () => {
    expect(await generated(metaspace, 'Once', script, {stop: ['</s>']})).toBe(' upon');
    expect(await generated(metaspace, 'Once', script, {stop: metaspace.ids('</s>')})).toBe(' upon');
    expect(await generated(metaspace, 'Once', script, {stop: ['time', '</s>']})).toBe(' upon');
    expect(await generated(metaspace, 'Once', script)).toBe(' upon a');
  });

  it('stops there among other characters, over several tokens, and not at the token alone', async () => {
    const [upon, end, a] = script;
    expect(await generated(metaspace, 'Once', [a, upon, end, a], {stop: ['pon</s>']})).toBe(' a u');
    expect(await generated(metaspace, 'Once', [a, end, upon, end, a], {stop: ['n</s> a']})).toBe(' a upo');
    expect(await generated(metaspace, 'Once', [end, a, upon], {stop: ['n</s>']})).toBe(' a upon');
    expect(await generated(metaspace, 'Once', [upon, end, end, a], {stop: ['</s></s>']})).toBe(' upon');
  });

  it('ends a generation of ids too, where the tokenizer is given', async () => {
    const options = {temperature: 0, maxTokens: 3, stop: ['</s>']};
    const {tokenizer} = metaspace;
    const model = () => scriptedStream(tokenizer.vocabSize, script);
    expect(await all(generateTokens(model(), [1], {...options, tokenizer}))).toEqual(script.slice(0, 1));
    expect(() => generateTokens(model(), [1], options)).toThrow(ConfigError);
    expect(() => generateTokens(model(), [1], {...options, tokenizer, stop: ['upon']})).toThrow(
      /only token ids can be/,
    );
  });
});

describe('ids without text', () => {
  it.each<[string, Tokenizer]>([
    ['metaspace', metaspace.tokenizer],
    ['word pieces', wordPiece.tokenizer],
    ['bytes', byteTokenizer],
    ['one that only has a size', {...byteTokenizer, isToken: undefined}],
  ])('are never drawn, and refused elsewhere: %s', async (_, tokenizer) => {
    const {vocabSize} = tokenizer;
    // The model would say an id of no text again and again.
    const script = Array.from({length: 8}, (_, i) => vocabSize + (i % 3));
    for (const temperature of [0, 1]) {
      const model = scriptedStream(vocabSize + 3, script);
      const drawn = await all(generateTokens(model, [0], {tokenizer, temperature, maxTokens: 8, repetitionPenalty: 2}));
      expect(Math.max(...drawn)).toBeLessThan(vocabSize);
    }
    await generated({tokenizer}, [0], script);
    // The prompt may hold them: the model knows them.
    await generated({tokenizer}, [vocabSize, 0], script);
    expect(() => tokenizer.decode([vocabSize])).toThrow(DataError);
    expect(() => tokenizer.decoder().push(vocabSize)).toThrow(DataError);
  });

  it('are drawn where no tokenizer is known', async () => {
    expect(await all(generateTokens(scriptedStream(300, [299]), [0], {temperature: 0, maxTokens: 1}))).toEqual([299]);
  });

  it('may be all that a model has', async () => {
    const tokenizer = {...byteTokenizer, isToken: () => false};
    await expect(all(generateTokens(scriptedStream(256, [1]), [0], {tokenizer}))).rejects.toThrow(/none of the ids/);
  });
});
