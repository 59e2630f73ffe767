/** Operations on each value of a tensor. */
import {Gelu, GeluTanh, Silu} from './gated-ops';
import {map, mapBytes, mapFromBytes, mapLong, mapSingly, mapToBytes} from './loops';
import {Unary} from './operations';
import {
  BoolToFloat, BoolToInt, FloatToInt, IntAbs, IntClip, IntNeg, IntSign, IntSquare, IntToBool,
  IntToFloat, IsFinite, IsInf, IsNan, LogicalNot, ToBool,
} from './unary-int-ops';
import {
  Abs, Acos, Acosh, Asin, Asinh, Atan, Atanh, Ceil, ClipByValue, Cos, Cosh, Cube, Elu, Erf, Exp,
  Expm1, Floor, LeakyRelu, Log, Log1p, Neg, Reciprocal, Relu, Relu6, Round, Rsqrt, Selu, Sigmoid,
  Sign, Sin, Sinh, Softplus, Sqrt, Square, Step, Tan, Tanh,
} from './unary-ops';

@unmanaged class UnaryTask {
  operation: Unary;
  from: u32;
  to: u32;
  count: u32;
  /** Values of a piece, a multiple of 16. */
  pieceCount: u32;
  /** 4 or 1. */
  bytesFrom: u32;
  bytesTo: u32;
  /** The fields of the operation's class. */
  parameter0: u32;
  parameter1: u32;
}

/** Piece: a range of the values. */
function unaryPiece(args: usize, piece: i32): void {
  const task = changetype<UnaryTask>(args);
  const first = <usize>piece * <usize>task.pieceCount;
  const count = <isize>min(<usize>task.pieceCount, <usize>task.count - first);
  const from = <usize>task.from + first * <usize>task.bytesFrom;
  const to = <usize>task.to + first * <usize>task.bytesTo;
  mapRange(task.operation, args + offsetof<UnaryTask>('parameter0'), from, to, count);
}

function mapRange(operation: Unary, self: usize, from: usize, to: usize, count: isize): void {
  switch (operation) {
    case Unary.Abs: return map<Abs>(self, from, to, count);
    case Unary.Neg: return map<Neg>(self, from, to, count);
    case Unary.Square: return map<Square>(self, from, to, count);
    case Unary.Cube: return map<Cube>(self, from, to, count);
    case Unary.Sqrt: return map<Sqrt>(self, from, to, count);
    case Unary.Rsqrt: return map<Rsqrt>(self, from, to, count);
    case Unary.Reciprocal: return map<Reciprocal>(self, from, to, count);
    case Unary.Floor: return map<Floor>(self, from, to, count);
    case Unary.Ceil: return map<Ceil>(self, from, to, count);
    case Unary.Round: return map<Round>(self, from, to, count);
    case Unary.Sign: return map<Sign>(self, from, to, count);
    case Unary.Step: return map<Step>(self, from, to, count);
    case Unary.ClipByValue: return map<ClipByValue>(self, from, to, count);
    case Unary.Relu: return map<Relu>(self, from, to, count);
    case Unary.Relu6: return map<Relu6>(self, from, to, count);
    case Unary.LeakyRelu: return map<LeakyRelu>(self, from, to, count);
    case Unary.Elu: return mapLong<Elu>(self, from, to, count);
    case Unary.Selu: return mapLong<Selu>(self, from, to, count);
    case Unary.Sigmoid: return mapLong<Sigmoid>(self, from, to, count);
    case Unary.Silu: return mapLong<Silu>(self, from, to, count);
    case Unary.Softplus: return mapLong<Softplus>(self, from, to, count);
    case Unary.Gelu: return mapLong<Gelu>(self, from, to, count);
    case Unary.GeluTanh: return mapLong<GeluTanh>(self, from, to, count);
    case Unary.Exp: return mapLong<Exp>(self, from, to, count);
    case Unary.Expm1: return mapLong<Expm1>(self, from, to, count);
    case Unary.Log: return mapLong<Log>(self, from, to, count);
    case Unary.Log1p: return mapLong<Log1p>(self, from, to, count);
    case Unary.Tanh: return mapLong<Tanh>(self, from, to, count);
    case Unary.Erf: return mapLong<Erf>(self, from, to, count);
    case Unary.Sin: return mapLong<Sin>(self, from, to, count);
    case Unary.Cos: return mapLong<Cos>(self, from, to, count);
    case Unary.Tan: return mapSingly<Tan>(self, from, to, count);
    case Unary.Sinh: return mapSingly<Sinh>(self, from, to, count);
    case Unary.Cosh: return mapSingly<Cosh>(self, from, to, count);
    case Unary.Asin: return mapSingly<Asin>(self, from, to, count);
    case Unary.Acos: return mapSingly<Acos>(self, from, to, count);
    case Unary.Atan: return mapSingly<Atan>(self, from, to, count);
    case Unary.Asinh: return mapSingly<Asinh>(self, from, to, count);
    case Unary.Acosh: return mapSingly<Acosh>(self, from, to, count);
    case Unary.Atanh: return mapSingly<Atanh>(self, from, to, count);
    case Unary.IntAbs: return map<IntAbs>(self, from, to, count);
    case Unary.IntNeg: return map<IntNeg>(self, from, to, count);
    case Unary.IntSquare: return map<IntSquare>(self, from, to, count);
    case Unary.IntSign: return map<IntSign>(self, from, to, count);
    case Unary.IntClip: return map<IntClip>(self, from, to, count);
    case Unary.IsNan: return mapToBytes<IsNan>(self, from, to, count);
    case Unary.IsInf: return mapToBytes<IsInf>(self, from, to, count);
    case Unary.IsFinite: return mapToBytes<IsFinite>(self, from, to, count);
    case Unary.ToBool: return mapToBytes<ToBool>(self, from, to, count);
    case Unary.IntToBool: return mapToBytes<IntToBool>(self, from, to, count);
    case Unary.LogicalNot: return mapBytes<LogicalNot>(self, from, to, count);
    case Unary.FloatToInt: return mapLong<FloatToInt>(self, from, to, count);
    case Unary.IntToFloat: return map<IntToFloat>(self, from, to, count);
    case Unary.BoolToInt: return mapFromBytes<BoolToInt>(self, from, to, count);
    case Unary.BoolToFloat: return mapFromBytes<BoolToFloat>(self, from, to, count);
  }
}

export function jobUnary(): u32 {
  return unaryPiece.index;
}
