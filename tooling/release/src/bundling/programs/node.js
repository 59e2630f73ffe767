import {readText} from '@variants/train';
import {work} from './work.js';

async function main() {
  console.log(JSON.stringify({...(await work()), length: (await readText('moby-dick')).length}));
}

main();
