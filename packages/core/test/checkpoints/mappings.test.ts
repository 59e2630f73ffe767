import {expect, it} from 'vitest';
import {mappings} from '../../src/checkpoints/mappings';

const {blocks, embedding, head, linear, linears, norm} = mappings;
const transpose = true;

it('a Linear is a matrix, turned unless stored as ours, and a bias', () => {
  const bias = {theirs: 'fc.bias', ours: 'up/bias'};
  expect(linear('fc', 'up')).toEqual([{theirs: 'fc.weight', ours: 'up/kernel', transpose}, bias]);
  expect(linear('fc', 'up', {transpose: false})).toEqual([{theirs: 'fc.weight', ours: 'up/kernel'}, bias]);
  expect(linear('fc', 'up', {useBias: false})).toEqual([{theirs: 'fc.weight', ours: 'up/kernel', transpose}]);
});

it('several Linears of a layer stand in the order given', () => {
  expect(linears('ffn', 'feed_forward', {up: 'fc1', down: 'fc2'}, {useBias: false})).toEqual([
    {theirs: 'ffn.fc1.weight', ours: 'feed_forward/up/kernel', transpose},
    {theirs: 'ffn.fc2.weight', ours: 'feed_forward/down/kernel', transpose},
  ]);
});

it('a norm is a weight and a bias', () => {
  const weight = {theirs: 'ln.weight', ours: 'norm/weight'};
  expect(norm('ln', 'norm')).toEqual([weight, {theirs: 'ln.bias', ours: 'norm/bias'}]);
  expect(norm('ln', 'norm', {useBias: false})).toEqual([weight]);
});

it('a head is a matrix, or the table of the embedding', () => {
  expect(embedding('wte')).toEqual([{theirs: 'wte.weight', ours: 'embedding/table'}]);
  expect(head('lm_head', {tieEmbedding: false})).toEqual([{theirs: 'lm_head.weight', ours: 'head/kernel', transpose}]);
  expect(head('lm_head', {tieEmbedding: true})).toEqual([]);
  expect(head('lm_head', {tieEmbedding: true, repeated: true})).toEqual([
    {theirs: 'lm_head.weight', ours: 'embedding/table', alias: true},
  ]);
});

it('blocks are numbered on both sides', () => {
  const one = (theirs: string, ours: string, i: number) => [{theirs: `${theirs}.${i}`, ours: `${ours}/${i}`}];
  expect(blocks(2, 'h', one)).toEqual([
    {theirs: 'h.0.0', ours: 'block_0/0'},
    {theirs: 'h.1.1', ours: 'block_1/1'},
  ]);
  expect(blocks(1, 'h', one, 'layer')).toEqual([{theirs: 'h.0.0', ours: 'layer_0/0'}]);
  expect(blocks(0, 'h', one)).toEqual([]);
});
