import {ConfigError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {parseOptions} from '../src/options';

const known = ['transformer', 'retnet'];
const parse = (...argv: string[]) => parseOptions(argv, known);

describe('parseOptions', () => {
  it('has defaults that end within three minutes', () => {
    const options = parse();
    expect(options).toMatchObject({text: 'moby-dick', seed: 0, json: false, out: 'reports'});
    expect(options.budget * known.length).toBeLessThanOrEqual(120);
  });

  it('reads times, names, numbers and flags, also behind the -- that pnpm passes on', () => {
    expect(parse('--', '--budget', '2m').budget).toBe(120);
    expect(parse('--budget', '30s').budget).toBe(30);
    expect(parse('--budget', '7').budget).toBe(7);
    expect(parse('--only', 'retnet,retnet').only).toEqual(['retnet']);
    expect(parse('--only', 'retnet, transformer').only).toEqual(['retnet', 'transformer']);
    expect(parse().kind).toBe('language-model');
    expect(parse('--kind', 'image-classifier').kind).toBe('image-classifier');
    expect(parse('--seed', '3', '--json')).toMatchObject({seed: 3, json: true});
  });

  it.each([
    [['--budget', 'soon'], /--budget.*'soon' is invalid. must be a time such as 30s or 2m/],
    [['--only', 'rwvk'], /"rwvk" is unknown; known are transformer, retnet/],
    [['--kind', 'image'], /--kind.*'image' is invalid. Allowed choices are language-model, masked-language-model/],
    [['--seed', '-1'], /must be a whole number from 0 to 9007199254740991/],
    [['--seed', '9007199254740992'], /must be a whole number from 0/],
    [['--seed', '1.5'], /must be a whole number from 0/],
    [['--parameters', '0'], /must be a number above 0/],
    [['--bugdet', '3s'], /^unknown option '--bugdet' \(Did you mean --budget\?\); see pnpm start --help$/],
    [['--budget'], /argument missing/],
    [['--budget', '0s'], /must be a time/],
    [['--budget', '-3s'], /must be a time/],
    [['extra'], /too many arguments/],
  ])('refuses %j in one line', (argv, message) => {
    expect(() => parse(...argv)).toThrow(ConfigError);
    expect(() => parse(...argv)).toThrow(message);
    try {
      parse(...argv);
    } catch (error) {
      expect((error as Error).message).not.toContain('\n');
    }
  });
});
