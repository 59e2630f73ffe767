/** Operations on two tensors that broadcast. */
import {
  Add, BitwiseAnd, BoolEqual, BoolNotEqual, EluGrad, Equal, Greater, GreaterEqual, IntAdd,
  IntEqual, IntGreater, IntGreaterEqual, IntLess, IntLessEqual, IntMaximum, IntMinimum,
  IntMultiply, IntNotEqual, IntSquaredDifference, IntSub, Less, LessEqual, LogicalAnd, LogicalOr,
  Maximum, Minimum, Multiply, NotEqual, Pow, Prelu, RealDiv, SquaredDifference, Sub,
} from './binary-ops';
import {Atan2, FloorDiv, IntFloorDiv, IntMod, IntPow, Mod} from './binary-single-ops';
import {GeluGradient, GeluTanhGradient, SiluGradient} from './gated-ops';
import {zip, zipBytes, zipLong, zipSingly, zipToBytes} from './loops';
import {Binary} from './operations';

@unmanaged class BinaryTask {
  operation: Binary;
  a: u32;
  b: u32;
  to: u32;
  /** Rows, along which an input steps from value to value or is fixed, and their length. */
  rows: u32;
  columns: u32;
  fixedA: u32;
  fixedB: u32;
  /** What a piece is: so many whole rows, or so many values of one row. */
  pieceRows: u32;
  pieceColumns: u32;
  /** 4 or 1. */
  bytesFrom: u32;
  bytesTo: u32;
  /** Axes whose indices number the rows, the fastest first. */
  rank: u32;
}

/** Follows the task, `rank` times. */
@unmanaged class RowAxis {
  size: u32;
  /** Values from one index to the next; 0 where the input is broadcast. */
  strideA: u32;
  strideB: u32;
}

/** Piece: rows, or a part of one. */
function binaryPiece(args: usize, piece: i32): void {
  const task = changetype<BinaryTask>(args);
  const bytesFrom = <usize>task.bytesFrom, bytesTo = <usize>task.bytesTo, columns = <usize>task.columns;
  const parts = (columns + <usize>task.pieceColumns - 1) / <usize>task.pieceColumns;
  const row = (<usize>piece / parts) * <usize>task.pieceRows;
  const column = (<usize>piece % parts) * <usize>task.pieceColumns;
  const count = <isize>min(<usize>task.pieceColumns, columns - column);
  const lastRow = min(<usize>task.rows, row + <usize>task.pieceRows);
  const columnA = task.fixedA ? 0 : column, columnB = task.fixedB ? 0 : column;
  const axes = args + offsetof<BinaryTask>();
  const end = axes + <usize>task.rank * offsetof<RowAxis>();
  let to = <usize>task.to + (row * columns + column) * bytesTo;
  for (let r = row; r < lastRow; r++, to += columns * bytesTo) {
    let rest = r, a = columnA, b = columnB;
    for (let at = axes; at < end; at += offsetof<RowAxis>()) {
      const axis = changetype<RowAxis>(at);
      const isLast = at + offsetof<RowAxis>() == end;
      const index = isLast ? rest : rest % <usize>axis.size;
      if (!isLast) rest /= <usize>axis.size;
      a += index * <usize>axis.strideA;
      b += index * <usize>axis.strideB;
    }
    const addressA = <usize>task.a + a * bytesFrom, addressB = <usize>task.b + b * bytesFrom;
    zipRow(task.operation, addressA, addressB, to, count, <bool>task.fixedA, <bool>task.fixedB);
  }
}

function zipRow(operation: Binary, a: usize, b: usize, to: usize, count: isize, fixedA: bool, fixedB: bool): void {
  switch (operation) {
    case Binary.Add: return zip<Add>(a, b, to, count, fixedA, fixedB);
    case Binary.Sub: return zip<Sub>(a, b, to, count, fixedA, fixedB);
    case Binary.Multiply: return zip<Multiply>(a, b, to, count, fixedA, fixedB);
    case Binary.RealDiv: return zip<RealDiv>(a, b, to, count, fixedA, fixedB);
    case Binary.Maximum: return zip<Maximum>(a, b, to, count, fixedA, fixedB);
    case Binary.Minimum: return zip<Minimum>(a, b, to, count, fixedA, fixedB);
    case Binary.SquaredDifference: return zip<SquaredDifference>(a, b, to, count, fixedA, fixedB);
    case Binary.Prelu: return zip<Prelu>(a, b, to, count, fixedA, fixedB);
    case Binary.EluGrad: return zip<EluGrad>(a, b, to, count, fixedA, fixedB);
    case Binary.GeluGradient: return zipLong<GeluGradient>(a, b, to, count, fixedA, fixedB);
    case Binary.GeluTanhGradient: return zip<GeluTanhGradient>(a, b, to, count, fixedA, fixedB);
    case Binary.SiluGradient: return zip<SiluGradient>(a, b, to, count, fixedA, fixedB);
    case Binary.FloorDiv: return zipSingly<FloorDiv>(a, b, to, count, fixedA, fixedB);
    case Binary.Mod: return zipSingly<Mod>(a, b, to, count, fixedA, fixedB);
    case Binary.Pow: return zipLong<Pow>(a, b, to, count, fixedA, fixedB);
    case Binary.Atan2: return zipSingly<Atan2>(a, b, to, count, fixedA, fixedB);
    case Binary.IntAdd: return zip<IntAdd>(a, b, to, count, fixedA, fixedB);
    case Binary.IntSub: return zip<IntSub>(a, b, to, count, fixedA, fixedB);
    case Binary.IntMultiply: return zip<IntMultiply>(a, b, to, count, fixedA, fixedB);
    case Binary.IntMaximum: return zip<IntMaximum>(a, b, to, count, fixedA, fixedB);
    case Binary.IntMinimum: return zip<IntMinimum>(a, b, to, count, fixedA, fixedB);
    case Binary.IntSquaredDifference: return zip<IntSquaredDifference>(a, b, to, count, fixedA, fixedB);
    case Binary.IntFloorDiv: return zipSingly<IntFloorDiv>(a, b, to, count, fixedA, fixedB);
    case Binary.IntMod: return zipSingly<IntMod>(a, b, to, count, fixedA, fixedB);
    case Binary.IntPow: return zipSingly<IntPow>(a, b, to, count, fixedA, fixedB);
    case Binary.BitwiseAnd: return zip<BitwiseAnd>(a, b, to, count, fixedA, fixedB);
    case Binary.Equal: return zipToBytes<Equal>(a, b, to, count, fixedA, fixedB);
    case Binary.NotEqual: return zipToBytes<NotEqual>(a, b, to, count, fixedA, fixedB);
    case Binary.Less: return zipToBytes<Less>(a, b, to, count, fixedA, fixedB);
    case Binary.LessEqual: return zipToBytes<LessEqual>(a, b, to, count, fixedA, fixedB);
    case Binary.Greater: return zipToBytes<Greater>(a, b, to, count, fixedA, fixedB);
    case Binary.GreaterEqual: return zipToBytes<GreaterEqual>(a, b, to, count, fixedA, fixedB);
    case Binary.IntEqual: return zipToBytes<IntEqual>(a, b, to, count, fixedA, fixedB);
    case Binary.IntNotEqual: return zipToBytes<IntNotEqual>(a, b, to, count, fixedA, fixedB);
    case Binary.IntLess: return zipToBytes<IntLess>(a, b, to, count, fixedA, fixedB);
    case Binary.IntLessEqual: return zipToBytes<IntLessEqual>(a, b, to, count, fixedA, fixedB);
    case Binary.IntGreater: return zipToBytes<IntGreater>(a, b, to, count, fixedA, fixedB);
    case Binary.IntGreaterEqual: return zipToBytes<IntGreaterEqual>(a, b, to, count, fixedA, fixedB);
    case Binary.BoolEqual: return zipBytes<BoolEqual>(a, b, to, count, fixedA, fixedB);
    case Binary.BoolNotEqual: return zipBytes<BoolNotEqual>(a, b, to, count, fixedA, fixedB);
    case Binary.LogicalAnd: return zipBytes<LogicalAnd>(a, b, to, count, fixedA, fixedB);
    case Binary.LogicalOr: return zipBytes<LogicalOr>(a, b, to, count, fixedA, fixedB);
  }
}

export function jobBinary(): u32 {
  return binaryPiece.index;
}
