// Plain C as a peer of the benchmark: what a compiler makes of loops as one writes them, on one thread. Answers lines of JSON
// with lines of JSON, see protocol.ts; it knows the tasks multiplyAdd, sum of all, and decode. What a model takes is not freed:
// the process sees two of them.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PRIME = 1009, ACCUMULATORS = 256, MOST_TOKENS = 1024 };

static float *new_numbers(size_t size) {
  float *numbers = aligned_alloc(64, (size * sizeof(float) + 63) / 64 * 64);
  if (!numbers) exit(1);
  memset(numbers, 0, size * sizeof(float));
  return numbers;
}

static float *values(size_t size, long seed, double scale) {
  float *numbers = new_numbers(size);
  for (size_t i = 0; i < size; i++) {
    long number = (7919 * (long)(i % PRIME) + 104729 * seed) % PRIME;
    numbers[i] = (float)(((double)number / PRIME - 0.5) * scale);
  }
  return numbers;
}

static float *ones(size_t size) {
  float *numbers = new_numbers(size);
  for (size_t i = 0; i < size; i++) numbers[i] = 1;
  return numbers;
}

// The whole number that follows a name in a line of JSON; -1 where there is none.
static long field(const char *line, const char *name) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\":", name);
  const char *found = strstr(line, quoted);
  if (!found) return -1;
  found += strlen(quoted);
  return strtol(*found == '[' ? found + 1 : found, NULL, 10);
}

// The product of the numbers in "shape":[...].
static size_t size_of_shape(const char *line) {
  const char *place = strchr(strstr(line, "\"shape\":"), '[');
  size_t size = 1;
  do {
    char *end;
    size *= strtol(place + 1, &end, 10);
    place = end;
  } while (*place == ',');
  return size;
}

// ---- multiplyAdd

static long turns;
static float accumulators[ACCUMULATORS];

static void run_multiply_add(void) {
  float x[ACCUMULATORS];
  memcpy(x, accumulators, sizeof x);
  for (long turn = 0; turn < turns; turn++)
    for (int i = 0; i < ACCUMULATORS; i++) x[i] = x[i] * 0.999f + 0.001f;
  memcpy(accumulators, x, sizeof x);
}

// ---- sum

static float *numbers;
static size_t count;
static volatile float total;

static void run_sum(void) {
  float sum = 0;
  for (size_t i = 0; i < count; i++) sum += numbers[i];
  total = sum;
}

// ---- decode: a model in the style of LLaMA, matrices stored [outputs, inputs]

typedef struct {
  float *norm, *queries, *keys, *values, *output, *second_norm, *up, *gate, *down;
  float *key_cache, *value_cache;
} Block;

static struct {
  int vocabulary, width, layers, heads, inner, tokens;
  float *table, *final_norm, *cosines, *sines;
  Block *blocks;
} model;

static int text[MOST_TOKENS];
static float *x, *normed, *query, *mixed, *scores, *raised, *gated, *logits;

// The transpose of a matrix [rows, columns] of list `seed`.
static float *transposed(int rows, int columns, int seed) {
  float *stored = values((size_t)rows * columns, seed, 2 / sqrt(rows));
  float *matrix = new_numbers((size_t)rows * columns);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) matrix[(size_t)j * rows + i] = stored[(size_t)i * columns + j];
  free(stored);
  return matrix;
}

static void prepare_model(const char *line) {
  model.vocabulary = field(line, "vocabSize");
  model.width = field(line, "hiddenSize");
  model.layers = field(line, "numLayers");
  model.heads = field(line, "numHeads");
  model.inner = field(line, "intermediateSize");
  model.tokens = field(line, "tokens");
  if (model.tokens > MOST_TOKENS) exit(1);
  int D = model.width, F = model.inner, half = D / model.heads / 2, seed = 0;
  model.table = values((size_t)model.vocabulary * D, seed++, 2 / sqrt(D));
  model.blocks = calloc(model.layers, sizeof(Block));
  for (int i = 0; i < model.layers; i++) {
    Block *b = &model.blocks[i];
    b->norm = ones(D), seed++;
    b->queries = transposed(D, D, seed++);
    b->keys = transposed(D, D, seed++);
    b->values = transposed(D, D, seed++);
    b->output = transposed(D, D, seed++);
    b->second_norm = ones(D), seed++;
    b->up = transposed(D, F, seed++);
    b->gate = transposed(D, F, seed++);
    b->down = transposed(F, D, seed++);
    b->key_cache = new_numbers((size_t)model.tokens * D);
    b->value_cache = new_numbers((size_t)model.tokens * D);
  }
  model.final_norm = ones(D);
  model.cosines = new_numbers((size_t)model.tokens * half);
  model.sines = new_numbers((size_t)model.tokens * half);
  for (int t = 0; t < model.tokens; t++)
    for (int i = 0; i < half; i++) {
      double angle = t * pow(10000, -(double)i / half);
      model.cosines[t * half + i] = cos(angle);
      model.sines[t * half + i] = sin(angle);
    }
  x = new_numbers(D), normed = new_numbers(D), query = new_numbers(D), mixed = new_numbers(D);
  scores = new_numbers(model.tokens), raised = new_numbers(F), gated = new_numbers(F);
  logits = new_numbers(model.vocabulary);
}

static void multiply(float *restrict out, const float *restrict matrix, const float *restrict in, int rows, int columns) {
  for (int i = 0; i < rows; i++) {
    const float *row = matrix + (size_t)i * columns;
    float sum = 0;
    for (int j = 0; j < columns; j++) sum += row[j] * in[j];
    out[i] = sum;
  }
}

static void rms_norm(float *restrict out, const float *restrict in, const float *restrict weight) {
  float squares = 0;
  for (int i = 0; i < model.width; i++) squares += in[i] * in[i];
  float scale = 1 / sqrtf(squares / model.width + 1e-5f);
  for (int i = 0; i < model.width; i++) out[i] = in[i] * scale * weight[i];
}

static void turn(float *row, int position) {
  int half = model.width / model.heads / 2;
  const float *cosine = model.cosines + position * half, *sine = model.sines + position * half;
  for (int head = 0; head < model.heads; head++, row += 2 * half)
    for (int i = 0; i < half; i++) {
      float u = row[i], w = row[i + half];
      row[i] = u * cosine[i] - w * sine[i];
      row[i + half] = u * sine[i] + w * cosine[i];
    }
}

static void attend(const Block *b, int position) {
  int D = model.width, size = D / model.heads;
  float scale = 1 / sqrtf(size);
  for (int head = 0; head < model.heads; head++) {
    const float *q = query + head * size;
    float *out = mixed + head * size, largest = -INFINITY, sum = 0;
    for (int t = 0; t <= position; t++) {
      const float *k = b->key_cache + (size_t)t * D + head * size;
      float product = 0;
      for (int i = 0; i < size; i++) product += q[i] * k[i];
      scores[t] = product * scale;
      if (scores[t] > largest) largest = scores[t];
    }
    for (int t = 0; t <= position; t++) sum += scores[t] = expf(scores[t] - largest);
    memset(out, 0, size * sizeof(float));
    for (int t = 0; t <= position; t++) {
      const float *v = b->value_cache + (size_t)t * D + head * size;
      float share = scores[t] / sum;
      for (int i = 0; i < size; i++) out[i] += share * v[i];
    }
  }
}

static void add(float *restrict to, const float *restrict what, int size) {
  for (int i = 0; i < size; i++) to[i] += what[i];
}

static int next_token(int token, int position) {
  int D = model.width, F = model.inner;
  memcpy(x, model.table + (size_t)token * D, D * sizeof(float));
  for (int layer = 0; layer < model.layers; layer++) {
    const Block *b = &model.blocks[layer];
    float *key = b->key_cache + (size_t)position * D;
    rms_norm(normed, x, b->norm);
    multiply(query, b->queries, normed, D, D);
    multiply(key, b->keys, normed, D, D);
    multiply(b->value_cache + (size_t)position * D, b->values, normed, D, D);
    turn(query, position);
    turn(key, position);
    attend(b, position);
    multiply(normed, b->output, mixed, D, D);
    add(x, normed, D);
    rms_norm(normed, x, b->second_norm);
    multiply(raised, b->up, normed, F, D);
    multiply(gated, b->gate, normed, F, D);
    for (int i = 0; i < F; i++) raised[i] = raised[i] / (1 + expf(-raised[i])) * gated[i];
    multiply(normed, b->down, raised, D, F);
    add(x, normed, D);
  }
  rms_norm(normed, x, model.final_norm);
  multiply(logits, model.table, normed, model.vocabulary, D);
  int likeliest = 0;
  for (int i = 1; i < model.vocabulary; i++)
    if (logits[i] > logits[likeliest]) likeliest = i;
  return likeliest;
}

static void run_decode(void) {
  int token = 1;
  for (int i = 0; i < model.tokens; i++) text[i] = token = next_token(token, i);
}

// ---- the protocol

static void (*run)(void);

static int is_task(const char *line, const char *operation) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"operation\":\"%s\"", operation);
  return strstr(line, quoted) != NULL;
}

static void prepare(const char *line) {
  run = NULL;
  if (is_task(line, "multiplyAdd")) {
    turns = field(line, "operations") / (2 * ACCUMULATORS);
    run = run_multiply_add;
    run();
    puts("{\"result\":[]}");
  } else if (is_task(line, "sum") && strstr(line, "\"axis\":null")) {
    free(numbers);
    count = size_of_shape(line);
    numbers = values(count, 0, 1);
    run = run_sum;
    run();
    printf("{\"result\":[%.9g]}\n", total);
  } else if (is_task(line, "decode")) {
    prepare_model(line);
    run = run_decode;
    run();
    printf("{\"result\":[");
    for (int i = 0; i < model.tokens; i++) printf(i ? ",%d" : "%d", text[i]);
    puts("]}");
  } else {
    puts("{\"none\":true}");
  }
}

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e3 * now.tv_sec + 1e-6 * now.tv_nsec;
}

static void measure(const char *line) {
  if (!run) {
    puts("{\"error\":\"there is no task\"}");
    return;
  }
  long calls = field(line, "calls");
  for (long i = field(line, "untimed"); i > 0; i--) run();
  double start = milliseconds();
  for (long i = 0; i < calls; i++) run();
  printf("{\"milliseconds\":%.6f}\n", milliseconds() - start);
}

int main(void) {
  static char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    if (strstr(line, "\"task\"")) prepare(line);
    else measure(line);
    fflush(stdout);
  }
}
