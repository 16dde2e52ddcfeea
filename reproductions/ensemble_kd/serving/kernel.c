/* Convolutions of integer codes, packed along channels: bit planes, bytes or 16-bit words.
 *
 * A map lies as (image, row, column, channel). It is quantised and packed with its border in
 * place, where every code is 0; what a border should have been is added afterwards, tap by tap.
 * Blocks of eight positions meet blocks of output channels, so that a vector of weights is read
 * once for eight positions and a position's word is broadcast from the first cache.
 *
 * Nothing here rounds but the last line of `finish`; every form gives the same integers.
 */
#include "floats.h"
#include "packing.h"
#include "products.h"

/* Counts the changes of what kernel.py and this file agree on. */
int ensemble_contract(void) { return 1; }

int ensemble_level(void) {
#ifdef HAS_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vnni") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return WITH_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("popcnt"))
        return WITH_AVX2;
#endif
    return PORTABLE;
}

/* ---- the whole convolution ----------------------------------------------------------------- */

/* Add the sums of weights that lie outside the map. */
APART static void add_border(const Job *job, const Position *at, const int32_t *taps,
                             int64_t channels, int64_t lanes, int32_t *sums) {
    for (int64_t y = 0; y < job->kernel; y++)
        for (int64_t x = 0; x < job->kernel; x++) {
            int64_t r = at->row + y, c = at->column + x;
            if (r >= 0 && r < job->height && c >= 0 && c < job->width) continue;
            const int32_t *tap = taps + (y * job->kernel + x) * channels;
            for (int64_t m = 0; m < lanes; m++) sums[m] += tap[m];
        }
}

/* Write `many` channels of some positions; with a constant `many` vectors are made of it. */
INLINE void write(const int32_t *restrict sums, const int lanes, int64_t positions, int64_t many,
                  int64_t at, int64_t step, int64_t lane, const Channels *ch, const Result *to) {
    const float *restrict scale = ch->scale + lane, *restrict shift = ch->shift + lane;
    const float *restrict added = to->added ? to->added + at : 0;
    float *restrict numbers = to->numbers + at;
    for (int64_t p = 0; p < positions; p++, sums += lanes, numbers += step)
        if (to->integers)
            memcpy(to->integers + at + p * step, sums, sizeof(int32_t) * (size_t)many);
        else if (added)
            for (int64_t m = 0; m < many; m++)
                numbers[m] = (float)sums[m] * scale[m] + shift[m] + added[p * step + m];
        else
            for (int64_t m = 0; m < many; m++)
                numbers[m] = (float)sums[m] * scale[m] + shift[m];
}

/* `sums` stay in memory: in registers of their own they would be taken apart one by one. */
INLINE void finish(const Job *job, int64_t q, int64_t many, int64_t lane, const int lanes,
                   int64_t padded, const Channels *ch, const Position *at,
                   int32_t *restrict sums, const Result *to) {
    const int32_t *restrict constant = ch->constant + lane;
    const int32_t multiply = (int32_t)job->multiply, same = (int32_t)job->sums_multiply;
    for (int64_t p = 0; p < many; p++)
        for (int m = 0; m < lanes; m++)
            sums[p * lanes + m] =
                sums[p * lanes + m] * multiply + same * at[p].under + constant[m];
    if (job->border)
        for (int64_t p = 0; p < many; p++)
            if (at[p].edge)
                add_border(job, at + p, ch->taps + lane, padded, lanes, sums + p * lanes);
    int64_t step = job->out_channels, first = q * step + lane;
    if (step - lane >= lanes) write(sums, lanes, many, lanes, first, step, lane, ch, to);
    else write(sums, lanes, many, step - lane, first, step, lane, ch, to);
}

/* The sums of one block of positions and lanes. */
INLINE void products(int level, const Job *job, const Under *u, const void *a, const void *w,
                     int32_t *tile) {
    (void)level;
#ifdef HAS_X86
    int planes = job->layout == PLANES;
    int one = job->activation_bits * job->weight_bits == 1;
    if (level == WITH_AVX512 && planes && job->differing) differing_512(job, u, a, w, tile);
    else if (level == WITH_AVX512 && planes && one) common_512(job, u, a, w, tile);
    else if (level == WITH_AVX512 && planes) planes_512(job, u, a, w, tile);
    else if (level == WITH_AVX512 && job->layout == BYTES) bytes_512(job, u, a, w, tile);
    else if (level == WITH_AVX2 && planes && job->differing) differing_256(job, u, a, w, tile);
    else if (level == WITH_AVX2 && planes) common_256(job, u, a, w, tile);
    else if (level == WITH_AVX2 && job->layout == BYTES) bytes_256(job, u, a, w, tile);
    else if (level >= WITH_AVX2 && job->layout == WORDS) words_256(job, u, a, w, tile);
    else
#endif
    if (job->layout == PLANES) planes_portable(job, u, a, w, tile);
    else words_any(job, u, a, w, tile);
}

/* Tell where every position begins, in words, and the sum of codes under it. */
INLINE void place(const Job *job, const Extent *e, const int32_t *pixels, Position *to) {
    for (int64_t b = 0; b < job->batch; b++)
        for (int64_t row = 0; row < job->out_height; row++)
            for (int64_t column = 0; column < job->out_width; column++, to++) {
                int64_t r = row * job->stride, c = column * job->stride;
                int64_t at = (b * e->rows + r) * e->columns + c;
                int32_t under = 0;
                for (int64_t y = 0; y < job->kernel; y++)
                    for (int64_t x = 0; x < job->kernel; x++)
                        under += pixels[at + y * e->columns + x];
                *to = (Position){at * e->words, (int32_t)(r - job->padding),
                                 (int32_t)(c - job->padding), under, 0};
                to->edge = to->row < 0 || to->column < 0 ||
                           to->row + job->kernel > job->height ||
                           to->column + job->kernel > job->width;
            }
}

/* Blocks of lanes are the outer loop: their weights stay in the cache while all positions pass. */
INLINE void convolve(int level, const int lanes, const Job *job, const void *packed,
                     const int32_t *pixels, Position *positions, const Channels *ch,
                     const Result *to) {
    Extent e = extent(job);
    int64_t all = job->batch * job->out_height * job->out_width, run = job->kernel * e.words;
    int64_t padded = (job->out_channels + lanes - 1) / lanes * lanes;
    int64_t block = job->kernel * run * lanes *
                    (job->layout == PLANES ? 8 * job->weight_bits : job->layout == WORDS ? 2 : 1);
    Under u = {{0}, e.columns * e.words, run, e.pixels * e.words};
    const char *w = ch->weights;
    int32_t tile[POSITIONS * MOST_LANES];
    place(job, &e, pixels, positions);
    for (int64_t lane = 0; lane < job->out_channels; lane += lanes, w += block)
        for (int64_t q = 0; q < all; q += POSITIONS) {
            int64_t many = all - q < POSITIONS ? all - q : POSITIONS;
            /* A block that is not full asks for its last position again. */
            for (int64_t p = 0; p < POSITIONS; p++)
                u.at[p] = positions[q + (p < many ? p : many - 1)].at;
            products(level, job, &u, packed, w, tile);
            finish(job, q, many, lane, lanes, padded, ch, positions + q, tile, to);
        }
}

#define ENTRY(name, level, target) \
    target static void pack_##name(const Job *job, const float *x, void *to, int32_t *pixels) { \
        pack_map(level, job, x, to, pixels); \
    } \
    target static void convolve_##name(const Job *job, const void *packed, const int32_t *pixels, \
                                       Position *at, const Channels *ch, const Result *to) { \
        if (job->layout == BYTES) convolve(level, 32, job, packed, pixels, at, ch, to); \
        else convolve(level, 16, job, packed, pixels, at, ch, to); \
    }
ENTRY(portable, PORTABLE, )
#ifdef HAS_X86
ENTRY(avx2, WITH_AVX2, AVX2)
ENTRY(avx512, WITH_AVX512, AVX512)
#endif

/* Convolve the map `x`. `packed`, `pixels` and `positions` are room that the caller has made; the
 * first two hold zeros. */
void ensemble_convolve(int level, const Job *job, const float *x, void *packed, int32_t *pixels,
                       Position *positions, const Channels *ch, const Result *to) {
#ifdef HAS_X86
    if (level == WITH_AVX512) {
        pack_avx512(job, x, packed, pixels);
        convolve_avx512(job, packed, pixels, positions, ch, to);
        return;
    }
    if (level == WITH_AVX2) {
        pack_avx2(job, x, packed, pixels);
        convolve_avx2(job, packed, pixels, positions, ch, to);
        return;
    }
#endif
    (void)level;
    pack_portable(job, x, packed, pixels);
    convolve_portable(job, packed, pixels, positions, ch, to);
}
