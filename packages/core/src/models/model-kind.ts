/**
 * What a model does, which decides what it is trained on, by which laws it is tested and how it is scored:
 *
 * - 'language-model': the next token, bits per byte;
 * - 'masked-language-model': tokens that were hidden, accuracy;
 * - 'sequence-classifier' and 'image-classifier': the label of a sequence or of an image, accuracy;
 * - 'sequence-to-sequence': the next token of a target given a source, accuracy;
 * - 'speech-recognizer': the tokens of an utterance wherever in it they are (CTC), error rate.
 */
export const modelKinds = [
  'language-model',
  'masked-language-model',
  'sequence-classifier',
  'image-classifier',
  'sequence-to-sequence',
  'speech-recognizer',
] as const;

/** One of {@link modelKinds}. */
export type ModelKind = (typeof modelKinds)[number];
