import {presetTableTest, readmeTests} from '@variants-tooling/readme';
import {paperPresets, presets} from '../src';
import {countParameters, resolveMegabyteConfig} from '../src/config';
import {countPaperParameters, resolvePaperConfig} from '../src/paper/config';

readmeTests(import.meta.url);

presetTableTest(import.meta.url, '## Presets', presets, (preset) => {
  const config = resolveMegabyteConfig(preset);
  const {stageLengths, hiddenSizes, numLayers} = config;
  return [...[stageLengths, hiddenSizes, numLayers].map((list) => list.join(' + ')), countParameters(config)];
});

presetTableTest(import.meta.url, '### Of the paper', paperPresets, (preset) => {
  const config = resolvePaperConfig(preset);
  const {patchSize, globalSize, numGlobalLayers, localSize, numLocalLayers} = config;
  return [patchSize * globalSize, numGlobalLayers, localSize, numLocalLayers, countPaperParameters(config)];
});
