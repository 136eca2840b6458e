import type { PeerColumn, PeerTable } from './peer-tables.js'

/**
 * The reference for decoding alone: C that does to a clean file what our decoder does, in columns of
 * the same widths. Each line is found by a hop over its nominal length; its columns are unrolled;
 * codes, small numbers and ORIs are looked up in tables, digits are read eight at a time. Batches
 * are of 8,192 rows, the default of `decode`: smaller ones stay in nearer caches and are faster.
 *
 * It knows nothing of faults: a line of another length, an unknown level or a bad digit ends it with
 * an error. Nor does it skip runs of blank fields, as ours does.
 *
 *     ./reference FILE        decodes and drops the columns
 *     ./reference FILE sums   prints what `ColumnSums` makes of them
 */
export function cProgram(tables: readonly PeerTable[]): string {
  const dictionaries = new Map<string, Dictionary>()
  const parts = tables.map((table, index) => tableCode(table, index, dictionaries))
  const declarations = [...dictionaries.values()].map(declare)
  const ranges = new Set(
    tables.flatMap(({ columns }) =>
      columns.flatMap(({ range }) => (range ? [rangeId(range)] : [])),
    ),
  )
  return [
    PRELUDE,
    ...[...ranges].map((id) => `static u8 ${id}[65536];`),
    ...declarations,
    ...parts,
    mainCode(tables, [...ranges]),
  ].join('\n')
}

interface Dictionary {
  readonly id: string
  readonly width: number
}

const PRELUDE = `#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH 8192
#define CHUNK (1 << 20)
#define BLANK8 0x2020202020202020ull
#define ZERO8 0x3030303030303030ull
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define WRONG 255

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;

static u32 line_number;
static u8 SMALL1[256], SMALL2[65536];
static u16 SMALL3[1 << 18];
static int32_t DAYS[179 * 512];

static void fail(const char *what) {
  fprintf(stderr, "line %u: %s\\n", line_number, what);
  exit(1);
}
static inline u64 load8(const u8 *p) {
  u64 v;
  memcpy(&v, p, 8);
  return v;
}
static inline int digits8(u64 a) {
  return (a & 0xF0F0F0F0F0F0F0F0ull) == ZERO8 &&
         ((a + 0x0606060606060606ull) & 0xF0F0F0F0F0F0F0F0ull) == ZERO8;
}
static inline u32 parse8(u64 v) {
  v = (v & 0x0F0F0F0F0F0F0F0Full) * 2561 >> 8;
  v = (v & 0x00FF00FF00FF00FFull) * 6553601 >> 16;
  return (v & 0x0000FFFF0000FFFFull) * 42949672960001ull >> 32;
}
/* Digits with leading blanks; -1 for blank. */
static i64 parse_any(const u8 *p, int width) {
  i64 value = 0;
  int i = 0;
  while (i < width && p[i] == ' ') i++;
  if (i == width) return -1;
  for (; i < width; i++) {
    if (p[i] < '0' || p[i] > '9') fail("a number is none");
    value = value * 10 + (p[i] - '0');
  }
  return value;
}
static int blank(const u8 *p, int width) {
  for (int i = 0; i < width; i++)
    if (p[i] != ' ') return 0;
  return 1;
}
static int days_of(int y, int m, int d) {
  y -= m <= 2;
  int era = y / 400;
  unsigned yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146097 + (int)(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}
static inline u32 key3(const u8 *p) {
  u32 a = p[0] - 32u, b = p[1] - 32u, c = p[2] - 32u;
  if (UNLIKELY((a | b | c) & ~63u)) fail("a code has unusual characters");
  return a | b << 6 | c << 12;
}

/* ORIs: nine bytes to an index, in a table of open slots. */
#define SLOTS (1 << 17)
typedef struct { u64 a; u32 b, index; } Slot;
typedef struct { Slot slots[SLOTS]; u8 (*text)[9]; u32 count; } Oris;
static u32 ori_index(Oris *t, const u8 *p) {
  u64 a = load8(p), h = (a ^ (u64)p[8] << 56) * 0x9E3779B97F4A7C15ull;
  u32 b = p[8], i = h >> 47;
  while (t->slots[i].index && (t->slots[i].a != a || t->slots[i].b != b)) i = (i + 1) & (SLOTS - 1);
  if (!t->slots[i].index) {
    if (blank(p, 9)) return 0;
    if (++t->count > SLOTS / 4 * 3) fail("too many ORIs");
    if (!t->text) t->text = malloc(SLOTS * 9);
    memcpy(t->text[t->count], p, 9);
    t->slots[i] = (Slot){ a, b, t->count };
  }
  return t->slots[i].index;
}

static u32 hash_of(const u8 *p, int length) {
  u32 h = 0x811c9dc5u;
  for (int i = 0; i < length; i++) h = (h ^ p[i]) * 0x01000193u;
  return h;
}
static u32 hash_trimmed(const u8 *p, int length) {
  while (length > 0 && p[length - 1] == ' ') length--;
  return hash_of(p, length);
}
`

/** A look-up table that learns codes as they come, shared by columns with the same list. */
function dictionaryOf(
  column: PeerColumn,
  owner: string,
  known: Map<string, Dictionary>,
): Dictionary {
  const name = `${column.codes ?? owner}_${column.width}`.replaceAll(/\W/g, '_')
  const dictionary = { id: `D_${name}`, width: column.width }
  if (!known.has(name)) known.set(name, dictionary)
  return dictionary
}

function declare({ id, width }: Dictionary): string {
  const [slots, type, key] =
    width === 1
      ? ['256', 'u8', '*p']
      : width === 2
        ? ['65536', 'u16', 'p[0] | p[1] << 8']
        : ['1 << 18', 'u16', 'key3(p)']
  return `static ${type} ${id}[${slots}]; static u8 ${id}_text[65536][${width}]; static u32 ${id}_count;
static ${type} ${id}_learn(const u8 *p) {
  memcpy(${id}_text[++${id}_count], p, ${width});
  if (${id}_count > ${width === 1 ? 255 : 65535}) fail("too many codes");
  return ${id}[${key}] = ${id}_count;
}`
}

function rangeId([low, high]: readonly [number, number]): string {
  return `RANGE_${low}_${high}`
}

/** Statements in C for one column. */
interface ColumnCode {
  /** Arrays it is decoded to. */
  readonly arrays: string
  /** Decodes the cell at `p` into row `r`. */
  readonly decode: string
  /** Adds row `r` to `count` and `sum`. */
  readonly sum: string
}

function tableCode(table: PeerTable, index: number, known: Map<string, Dictionary>): string {
  const columns = table.columns.map((column, i) => ({
    name: column.name,
    ...columnCode(column, `t${index}_${i}`, `${table.name}_${column.name}`, known),
  }))
  columns.push(
    {
      name: 'record_number',
      arrays: `static u32 t${index}_n[BATCH];`,
      decode: `t${index}_n[r] = line_number;`,
      sum: `count++, sum += t${index}_n[r];`,
    },
    {
      name: 'record_length',
      arrays: `static u32 t${index}_l[BATCH];`,
      decode: `t${index}_l[r] = ${table.length};`,
      sum: `count++, sum += t${index}_l[r];`,
    },
  )
  const t = `t${index}`
  const sums = columns.map(
    ({ sum }, i) =>
      `  { i64 count = 0, sum = 0; for (u32 r = 0; r < ${t}_rows; r++) { ${sum} }\n` +
      `    ${t}_count[${i}] += count; ${t}_sum[${i}] += sum; }`,
  )
  const prints = columns.map(
    ({ name }, i) =>
      `  if (${t}_count[${i}] || ${t}_total) printf("${table.name} ${name} %lld %lld\\n", ` +
      `(long long)${t}_count[${i}], (long long)${t}_sum[${i}]);`,
  )
  return `
/* ${table.name} */
${columns.map(({ arrays }) => arrays).join('\n')}
static u32 ${t}_rows; static i64 ${t}_total, ${t}_count[${columns.length}], ${t}_sum[${columns.length}];
static void ${t}_add(void) {
${sums.join('\n')}
}
static void ${t}_flush(int with_sums) {
  if (with_sums) ${t}_add();
  ${t}_total += ${t}_rows;
  ${t}_rows = 0;
}
static inline void ${t}_decode(const u8 *line, int with_sums) {
  u32 r = ${t}_rows;
${columns.map(({ decode }) => `  ${decode}`).join('\n')}
  if (++${t}_rows == BATCH) ${t}_flush(with_sums);
}
static void ${t}_print(void) {
${prints.join('\n')}
}`
}

function columnCode(
  column: PeerColumn,
  id: string,
  owner: string,
  known: Map<string, Dictionary>,
): ColumnCode {
  const { kind, start, width, fraction, range, flag } = column
  const p = `const u8 *p = line + ${start};`
  if (column.optional) {
    return { arrays: `static u16 ${id}[BATCH];`, decode: `${id}[r] = 0;`, sum: '(void)r;' }
  }
  const small = (table: string, type: string, key: string, wrong: string): ColumnCode => ({
    arrays: `static ${type} ${id}[BATCH];`,
    decode: `{ ${p} ${type} x = ${table}[${key}]; if (UNLIKELY(x == ${wrong})) fail("${owner}"); ${id}[r] = x; }`,
    sum: `if (${id}[r]) count++, sum += ${id}[r] - 1;`,
  })
  switch (kind) {
    case 'code':
      if (width <= 3) {
        const { id: table } = dictionaryOf(column, owner, known)
        const [type, key, blankKey] =
          width === 1
            ? ['u8', 'p[0]', '32']
            : width === 2
              ? ['u16', 'p[0] | p[1] << 8', '0x2020']
              : ['u16', 'key3(p)', '0']
        return {
          arrays: `static ${type} ${id}[BATCH];`,
          decode:
            `{ ${p} u32 k = ${key}; ${type} x = ${table}[k]; ` +
            `if (UNLIKELY(!x) && k != ${blankKey}) x = ${table}_learn(p); ${id}[r] = x; }`,
          sum: `if (${id}[r]) count++, sum += hash_trimmed(${table}_text[${id}[r]], ${width});`,
        }
      }
      return bytesCode(id, start, width, true)
    case 'text':
      return bytesCode(id, start, width, true)
    case 'identifier':
      if (width !== 9) return bytesCode(id, start, width, false)
      return {
        arrays:
          `static u32 ${id}[BATCH]; static Oris ${id}_oris; static u64 ${id}_a; ` +
          `static u8 ${id}_b; static u32 ${id}_x;`,
        decode:
          `{ ${p} u64 a = load8(p); if (UNLIKELY(a != ${id}_a || p[8] != ${id}_b)) ` +
          `${id}_a = a, ${id}_b = p[8], ${id}_x = ori_index(&${id}_oris, p); ${id}[r] = ${id}_x; }`,
        sum: `if (${id}[r]) count++, sum += hash_of(${id}_oris.text[${id}[r]], 9);`,
      }
    case 'hour':
      return small('SMALL2', 'u8', 'p[0] | p[1] << 8', 'WRONG')
    case 'flag':
      return {
        arrays: `static u8 ${id}[BATCH];`,
        decode:
          `{ ${p} u8 k = p[0]; if (UNLIKELY(k != ${code(flag!.yes)} && k != ${code(flag!.no)} && ` +
          `k != 32)) fail("${owner}"); ` +
          `${id}[r] = k == ${code(flag!.yes)} ? 2 : k == ${code(flag!.no)} ? 1 : 0; }`,
        sum: `if (${id}[r]) count++, sum += ${id}[r] - 1;`,
      }
    case 'date':
      return {
        arrays: `static int32_t ${id}[BATCH]; static u8 ${id}_v[BATCH];`,
        decode:
          `{ ${p} u64 a = load8(p); int v = 0; if (digits8(a)) { if (a != ZERO8) { u32 n = parse8(a); ` +
          `${id}[r] = DAYS[(n / 10000 - 1900) * 512 + n / 100 % 100 * 32 + n % 100]; v = 1; } } ` +
          `else if (UNLIKELY(a != BLANK8)) fail("${owner}"); ${id}_v[r] = v; }`,
        sum: `if (${id}_v[r]) count++, sum += ${id}[r];`,
      }
    case 'integer':
      if (range !== null) {
        if (width !== 2) throw new Error(`${owner}: the reference knows ranges of two digits only`)
        return small(rangeId(range), 'u8', 'p[0] | p[1] << 8', 'WRONG')
      }
      if (width === 1) return small('SMALL1', 'u8', 'p[0]', 'WRONG')
      if (width === 2) return small('SMALL2', 'u8', 'p[0] | p[1] << 8', 'WRONG')
      if (width === 3) return small('SMALL3', 'u16', 'key3(p)', '65535')
      return numberCode(id, 'int32_t', readDigits(start, width))
    case 'decimal': {
      const { start: from, width: digits } = fraction ?? { start: 0, width: 0 }
      const whole = readDigits(start, width)
      const scaled =
        digits === 0
          ? ''
          : `if (x >= 0) { i64 f = parse_any(line + ${from}, ${digits}); ` +
            `x = x * ${10 ** digits} + (f < 0 ? 0 : f); }`
      return numberCode(id, 'double', `${whole} ${scaled}`)
    }
  }
}

function code(character: string): number {
  if (character.length !== 1) throw new Error(`"${character}" is not one character`)
  return character.charCodeAt(0)
}

function numberCode(id: string, type: string, read: string): ColumnCode {
  return {
    arrays: `static ${type} ${id}[BATCH]; static u8 ${id}_v[BATCH];`,
    decode: `{ ${read} ${id}[r] = x; ${id}_v[r] = x >= 0; }`,
    sum: `if (${id}_v[r]) count++, sum += (i64)${id}[r];`,
  }
}

/** Leaves the digits at `start` in `x`, -1 for blank. Overruns the field but not the window. */
function readDigits(start: number, width: number): string {
  const slow = `parse_any(line + ${start}, ${width})`
  if (width === 9) {
    return (
      `i64 x; { u64 a = load8(line + ${start + 1}); u32 d = line[${start}] - 48u; ` +
      `if (d < 10 && digits8(a)) x = d * 100000000ull + parse8(a); ` +
      `else x = a == BLANK8 && line[${start}] == 32 ? -1 : ${slow}; }`
    )
  }
  if (width > 8) return `i64 x = ${slow};`
  const shift = 8 * (8 - width)
  // The bytes of the field become the high ones, zeros the digits before them.
  const word = shift === 0 ? 'a' : `(a << ${shift} | ZERO8 >> ${8 * width})`
  const blanks = shift === 0 ? 'BLANK8' : `(BLANK8 << ${shift})`
  return (
    `i64 x; { u64 a = load8(line + ${start}); ` +
    `if (digits8(${word})) x = parse8(${word}); ` +
    `else x = ${shift === 0 ? 'a' : `(a << ${shift})`} == ${blanks} ? -1 : ${slow}; }`
  )
}

function bytesCode(id: string, start: number, width: number, trimmed: boolean): ColumnCode {
  return {
    arrays: `static u8 ${id}[BATCH][${width}]; static u8 ${id}_v[BATCH];`,
    decode: `{ const u8 *p = line + ${start}; memcpy(${id}[r], p, ${width}); ${id}_v[r] = !blank(p, ${width}); }`,
    sum:
      `if (${id}_v[r]) count++, ` +
      `sum += ${trimmed ? 'hash_trimmed' : 'hash_of'}(${id}[r], ${width});`,
  }
}

function mainCode(tables: readonly PeerTable[], ranges: readonly string[]): string {
  const keyOf = (level: string): number => level.charCodeAt(0) | (level.charCodeAt(1) << 8)
  const cases = tables.map(
    ({ level, length }, i) =>
      `        case ${keyOf(level)}:\n` +
      `          if (UNLIKELY(p + ${length} >= end)) goto more;\n` +
      `          if (UNLIKELY(p[${length}] != 10)) fail("not of its nominal length");\n` +
      `          line_number++; t${i}_decode(p, sums); p += ${length + 1}; break;`,
  )
  const fillRanges = ranges.map((id) => {
    const [, low, high] = id.split('_')
    return (
      `  for (u32 k = 0; k < 65536; k++) ` +
      `${id}[k] = SMALL2[k] != WRONG && SMALL2[k] > ${low} && SMALL2[k] <= ${high} + 1 ? SMALL2[k] : 0;`
    )
  })
  return `
static int small_value(const u8 *p, int width, int wrong) {
  int value = 0, i = 0;
  while (i < width && p[i] == ' ') i++;
  if (i == width) return 0;
  for (; i < width; i++) {
    if (p[i] < '0' || p[i] > '9') return wrong;
    value = value * 10 + p[i] - '0';
  }
  return value + 1;
}

int main(int argc, char **argv) {
  int sums = argc > 2;
  int file = open(argv[1], O_RDONLY);
  if (file < 0) fail("cannot open the file");
  for (u32 k = 0; k < 256; k++) { u8 t[1] = { k }; SMALL1[k] = small_value(t, 1, WRONG); }
  for (u32 k = 0; k < 65536; k++) { u8 t[2] = { k & 255, k >> 8 }; SMALL2[k] = small_value(t, 2, WRONG); }
  for (u32 k = 0; k < 1 << 18; k++) {
    u8 t[3] = { (k & 63) + 32, (k >> 6 & 63) + 32, (k >> 12) + 32 };
    SMALL3[k] = small_value(t, 3, 65535);
  }
  for (int y = 1900; y <= 2078; y++)
    for (int m = 1; m <= 12; m++)
      for (int d = 1; d <= 31; d++) DAYS[(y - 1900) * 512 + m * 32 + d] = days_of(y, m, d);
${fillRanges.join('\n')}
  u8 *window = malloc(CHUNK + (1 << 17));
  size_t have = 0;
  for (;;) {
    ssize_t got = read(file, window + have, CHUNK);
    if (got < 0) fail("cannot read the file");
    have += got;
    u8 *p = window, *end = window + have;
    while (p + 2 < end) {
      switch (p[0] | p[1] << 8) {
${cases.join('\n')}
        default: line_number++; fail("unknown level");
      }
      continue;
    more:
      break;
    }
    have = end - p;
    if (have > 1 << 16) fail("a line is too long");
    memmove(window, p, have);
    if (got == 0) break;
  }
  if (have > 0) fail("the last line has no end");
${tables.map((_, i) => `  t${i}_flush(sums); if (sums) t${i}_print();`).join('\n')}
  if (!sums) printf("%u\\n", line_number);
  return 0;
}
`
}
