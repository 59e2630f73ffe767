/** What every error of @variants descends from: its message says what is wrong, where, and what would be right. */
export class VariantsError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A field of a configuration is unknown or has a value it cannot have. The message names the field, the value and what is allowed. */
export class ConfigError extends VariantsError {}

/** A tensor or stream state does not have the shape that an operation needs. The message holds both shapes. */
export class ShapeError extends VariantsError {}

/** A file of weights or state cannot be read or does not fit the model. The message names the file, tensor or byte. */
export class CheckpointError extends VariantsError {}

/** A backend is missing, cannot start or has failed. */
export class EngineError extends VariantsError {}

/** Text, tokens or another input of training and generation cannot be used. */
export class DataError extends VariantsError {}
