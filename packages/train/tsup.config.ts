import {buildWith} from '../../tooling/tsup/src/index';

// Files of their own: bundlers leave `readText` out, and the novel behind it, where nobody asks for it.
export default buildWith({'read-text': './src/data/read-text.ts', 'one-line': './src/one-line.ts'});
