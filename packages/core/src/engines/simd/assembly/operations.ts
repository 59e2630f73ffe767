/** Numbers of the operations: what the compiled code and the kernels that call it agree on. */

/** Of one tensor, 4 bytes to 4 bytes unless said. The cheap ones come first; see `kernels/cost.ts`. */
export enum Unary {
  Abs,
  Neg,
  Square,
  Cube,
  Sqrt,
  Rsqrt,
  Reciprocal,
  Floor,
  Ceil,
  Round,
  Sign,
  Step,
  ClipByValue,
  Relu,
  Relu6,
  LeakyRelu,
  /** Of whole numbers. */
  IntAbs,
  IntNeg,
  IntSquare,
  IntSign,
  IntClip,
  /** To bytes. */
  IsNan,
  IsInf,
  IsFinite,
  ToBool,
  IntToBool,
  /** From bytes to bytes. */
  LogicalNot,
  /** Between dtypes. */
  FloatToInt,
  IntToFloat,
  BoolToInt,
  BoolToFloat,
  /** Of many instructions. */
  Elu,
  Selu,
  Sigmoid,
  Silu,
  Softplus,
  Gelu,
  GeluTanh,
  Exp,
  Expm1,
  Log,
  Log1p,
  Tanh,
  Erf,
  Sin,
  Cos,
  /** One value at a time, in double precision. */
  Tan,
  Sinh,
  Cosh,
  Asin,
  Acos,
  Atan,
  Asinh,
  Acosh,
  Atanh,
}

/** Of two tensors that broadcast, 4 bytes to 4 bytes unless said. The cheap ones come first. */
export enum Binary {
  Add,
  Sub,
  Multiply,
  RealDiv,
  Maximum,
  Minimum,
  SquaredDifference,
  Prelu,
  EluGrad,
  /** Of whole numbers. */
  IntAdd,
  IntSub,
  IntMultiply,
  IntMaximum,
  IntMinimum,
  IntSquaredDifference,
  BitwiseAnd,
  /** To bytes. */
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  IntEqual,
  IntNotEqual,
  IntLess,
  IntLessEqual,
  IntGreater,
  IntGreaterEqual,
  /** From bytes to bytes. */
  BoolEqual,
  BoolNotEqual,
  LogicalAnd,
  LogicalOr,
  /** Of many instructions. */
  GeluGradient,
  GeluTanhGradient,
  SiluGradient,
  Pow,
  /** One value at a time, in double precision. */
  FloorDiv,
  Mod,
  Atan2,
  IntFloorDiv,
  IntMod,
  IntPow,
}

/** Of the values along an axis. */
export enum Reduction {
  Sum,
  Prod,
  Max,
  Min,
  /** Of whole numbers. */
  IntSum,
  IntProd,
  IntMax,
  IntMin,
  /** Of truth values. */
  Any,
  All,
}

/** Where the best value along an axis stands. */
export enum Arg {
  Max,
  Min,
  /** Of whole numbers. */
  IntMax,
  IntMin,
}

/** Of the values up to each along an axis. */
export enum Scan {
  Sum,
  Prod,
  /** Of whole numbers. */
  IntSum,
  IntProd,
}

/** Of a row and an update of it. */
export enum Scatter {
  AddFloats,
  AddInts,
  /** The last update of a row holds. */
  Replace,
}

/** Of the values under a window. */
export enum Pool {
  Max,
  /** The tap at which the largest value is, -1 where there is none. */
  MaxTap,
  Mean,
  /** From the gradient of the largest values, and their taps. */
  MaxGradient,
  MeanGradient,
}

/** Fourier transforms of rows. */
export enum Fft {
  Complex,
  Real,
  ToReal,
}
