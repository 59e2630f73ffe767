import type {TrainingStep} from './run-training';
import type {TrainSettings} from './train-options';

/** What progress is written to: `process.stderr`, or anything that takes text. */
export interface ProgressStream {
  write(text: string): unknown;
  /** Whether a line can be drawn over. */
  isTTY?: boolean;
  /** Width of the terminal. */
  columns?: number;
}

/** The process's standard error, where there is one. */
export function terminal(): ProgressStream | undefined {
  return globalThis.process?.stderr;
}

const barWidth = 20;
const milliseconds = {redraw: 100, line: 5000};

/** Shows how a training goes on: one line drawn again and again in a terminal, elsewhere a line now and then. */
export class ProgressLine {
  private lastTime = Number.NEGATIVE_INFINITY;
  private latest: TrainingStep | undefined;
  private shown: TrainingStep | undefined;
  private validation: TrainingStep['validation'];

  constructor(
    private readonly stream: ProgressStream,
    private readonly budget: Pick<TrainSettings, 'steps' | 'seconds'>,
  ) {}

  /** Takes the news of a step; draws it unless the last drawing was a moment ago. */
  show(step: TrainingStep): void {
    this.latest = step;
    this.validation = step.validation ?? this.validation;
    const pause = this.stream.isTTY ? milliseconds.redraw : milliseconds.line;
    if (performance.now() - this.lastTime >= pause) this.draw(step);
  }

  /** Draws the last step and ends the line. */
  end(): void {
    if (!this.latest) return;
    if (this.latest !== this.shown) this.draw(this.latest);
    if (this.stream.isTTY) this.stream.write('\n');
  }

  private draw(step: TrainingStep): void {
    const {isTTY, columns = 80} = this.stream;
    const text = progressText(step, this.budget, this.validation);
    // A line as wide as the terminal would already wrap; the code clears what was longer before.
    this.stream.write(isTTY ? `\r${text.slice(0, columns - 1)}\x1b[K` : `${text}\n`);
    this.lastTime = performance.now();
    this.shown = step;
  }
}

/** One line: bar, step, loss, validation, speed, time left. */
export function progressText(
  {number, loss, tokensPerSecond, unit, seconds}: TrainingStep,
  budget: {steps: number; seconds: number},
  validation: TrainingStep['validation'],
): string {
  const share = Math.min(1, Math.max(number / budget.steps, seconds / budget.seconds));
  const hasEnd = budget.steps !== Infinity || budget.seconds !== Infinity;
  const left = Math.min((budget.steps - number) * (seconds / number), budget.seconds - seconds);
  return [
    ...(hasEnd ? [`${bar(share)} ${String(Math.floor(100 * share)).padStart(3)}%`] : []),
    `step ${number}${budget.steps === Infinity ? '' : `/${budget.steps}`}`,
    `loss ${loss.toFixed(3)}`,
    ...(validation ? [validationText(validation)] : []),
    `${shortNumber(tokensPerSecond)} ${unit}/s`,
    hasEnd ? `${clock(Math.max(0, left))} left` : clock(seconds),
  ].join('  ');
}

function validationText({loss, bitsPerByte, accuracy, errorRate}: NonNullable<TrainingStep['validation']>): string {
  if (Number.isFinite(bitsPerByte)) return `validation ${bitsPerByte.toFixed(3)} bits/byte`;
  if (Number.isFinite(accuracy)) return `validation ${percent(accuracy)} right`;
  return Number.isFinite(errorRate) ? `validation ${percent(errorRate)} errors` : `validation ${loss.toFixed(3)}`;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

function bar(share: number): string {
  const full = Math.round(share * barWidth);
  return '█'.repeat(full) + '░'.repeat(barWidth - full);
}

function shortNumber(value: number): string {
  return value >= 9950
    ? `${Math.round(value / 1000)}k`
    : value >= 995
      ? `${(value / 1000).toFixed(1)}k`
      : value.toFixed(0);
}

/** 75 seconds as 1:15, an hour as 1:00:00. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  const rest = two(whole % 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}
