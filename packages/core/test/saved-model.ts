import * as tf from '@tensorflow/tfjs';

/** What `save` hands to tfjs, for `loadLayersModel(tf.io.fromMemory(...))`. */
export async function artifactsOf(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  const handler = tf.io.withSaveHandler(async (given) => {
    artifacts = given;
    return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}};
  });
  await model.save(handler);
  return artifacts as tf.io.ModelArtifacts;
}
